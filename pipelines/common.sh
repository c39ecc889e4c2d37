# SPDX-License-Identifier: LGPL-2.1-or-later
# What the pipelines have in common: they source this file, and call need_files with the files that
# they read and keep_apart with the one that they write and those that they read.

script=$(basename "$0")

need_files() {
    local file
    for file in "$@"; do
        [ -r "$file" ] || { echo "$script: $file: no such file, or not readable" >&2; exit 2; }
    done
}

keep_apart() {
    local out=$1 file
    shift
    for file in "$@"; do
        [ ! "$out" -ef "$file" ] ||
            { echo "$script: $out: would be written over while it is read" >&2; exit 2; }
    done
    [ -d "$(dirname "$out")" ] ||
        { echo "$script: $(dirname "$out"): no such folder" >&2; exit 2; }
}

# The plugins built in $BUILD (default: build) go before installed ones.
build=${BUILD:-$(dirname "$0")/../build}
export GST_PLUGIN_PATH=$build/gst/detect:$build/gst/results${GST_PLUGIN_PATH:+:$GST_PLUGIN_PATH}
# The library of results built in the same folder, for programs in Python.
export GI_TYPELIB_PATH=$build/gst/deepfake${GI_TYPELIB_PATH:+:$GI_TYPELIB_PATH}
export LD_LIBRARY_PATH=$build/gst/deepfake${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
