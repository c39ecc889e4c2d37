# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion of deepfake-monitor's commands and options for bash.
_deepfake_monitor() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    local commands="run check-config probe scan scan-enqueue scan-page audit export-manifest schema"
    local command='' options='--help'
    local known
    for known in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        [[ " $commands " != *" $known "* ]] || { command=$known; break; }
    done
    if [ -z "$command" ]; then
        mapfile -t COMPREPLY < <(compgen -W "$commands --help --version" -- "$word")
        return
    fi
    case $before in
    --credentials | --list | -o | --output | --pictures)
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        return
        ;;
    --timeout | --shard | --jobs | --sample-rate | --detect | --queue | --queue-credentials)
        return
        ;;
    esac
    case $command in
    check-config) options+=' --connect' ;;
    probe) options+=' --credentials --timeout' ;;
    scan)
        options+=' --list --output --resume --shard --jobs --timeout --sample-rate --detect'
        options+=' --pictures --heatmaps --queue --queue-credentials --until-empty'
        ;;
    scan-enqueue) options+=' --list --queue-credentials' ;;
    scan-page) options+=' --output --pictures' ;;
    export-manifest) options+=' --output' ;;
    esac
    if [[ $word == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
    else
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
    fi
}
complete -o filenames -F _deepfake_monitor deepfake-monitor
