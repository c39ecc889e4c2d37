#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Analyses H.264 and passes it on as it came: the same pictures, bit for bit, with the verdicts in SEI
# messages, and its sound. Nothing is encoded.
#
#   pipelines/join.sh MODEL INPUT OUTPUT [CODEC...]
#
# INPUT is a file or an address srt://HOST:PORT or rtmp://HOST/APP/STREAM; OUTPUT is such an address
# too, or a file whose name ends in .ts, .mp4 or .flv. Ctrl-C ends a live one, and its file is whole.
# CODECs are those of an address's tracks of sound, such as aac: it cannot be asked before it plays.
# Without them its sound is left out; one that never comes holds up the picture.
set -euo pipefail
[ $# -ge 3 ] || { echo "usage: join.sh MODEL INPUT OUTPUT [CODEC...]" >&2; exit 2; }
. "$(dirname "$0")/common.sh"
model=$1 input=$2 output=$3
shift 3
need_files "$model"

# A file's analysis may be behind by what its branch holds, a queue's second and a decoder's frames,
# and nobody waits for the result. A live one must keep up: what it cannot take leaves its queue, or
# the tee would hold the programme.
latency=5000000000 leak=no
case $input in
srt://*) source=(srtsrc uri="$input") latency=500000000 leak=downstream ;;
rtmp://*) source=(rtmp2src location="$input") latency=500000000 leak=downstream ;;
*)
    need_files "$input"
    source=(filesrc location="$input")
    set -- $(sound_of "$input")
    ;;
esac

# Who joins a transport stream later needs its parameter sets again. SRT has room for seven packets
# in one of its own, and drops what is larger.
ts=(h264parse config-interval=-1 ! mpegtsmux name=mux alignment=7)
taken=$kInTs
case $output in
srt://*) target=("${ts[@]}" ! srtsink uri="$output" wait-for-connection=false) ;;
rtmp://*)
    target=(h264parse ! flvmux name=mux streamable=true ! rtmp2sink location="$output")
    taken=$kInFlv
    ;;
*.ts) target=("${ts[@]}" ! filesink location="$output") ;;
*.mp4) target=(h264parse ! mp4mux name=mux ! filesink location="$output") taken=$kInMp4 ;;
*.flv) target=(h264parse ! flvmux name=mux ! filesink location="$output") taken=$kInFlv ;;
*)
    echo "join.sh: $output: ends in neither .ts, .mp4 nor .flv, and is no address srt:// or rtmp://" >&2
    exit 2
    ;;
esac
[[ $output == *://* ]] || keep_apart "$output" "$model" "$input"
if [[ $taken == "$kInFlv" && $# -gt 1 ]]; then
    echo "join.sh: of $# tracks of sound the first alone fits into FLV" >&2
    set -- "$1"
fi
copy_sound in "$taken" "$@"
# FLV says beforehand of no track that it will come: sound before the first picture would find nobody,
# which ends the source.
[[ $input != rtmp://* || ${#sound[@]} -gt 0 ]] || sound=(in. ! audio/mpeg ! valve drop=true)

line=("${source[@]}" ! parsebin name=in
    in. ! video/x-h264 ! h264parse ! video/x-h264,alignment=au ! tee name=t
    t. ! deepfakejoin name=join latency="$latency" ! deepfakeseiinsert ! "${target[@]}"
    t. ! queue leaky="$leak" ! decodebin ! videoconvert !
    deepfakedetect model-file="$model" stream-id="$(basename "$input")" ! join.results "${sound[@]}")
exec gst-launch-1.0 -q -e "${line[@]}"
