#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Four videos or streams in one picture, each with its verdicts drawn on it: the wall of a control room.
#
#   pipelines/mosaic.sh MODEL OUT SOURCE SOURCE SOURCE SOURCE
#
# SOURCE: a file, or an address that GStreamer plays, such as rtsp://HOST/PATH. OUT: a file ending in .mp4, or
# "window". One copy of the model serves all four. It ends with the longest video, or by Ctrl-C.
set -euo pipefail
[ $# = 6 ] || { echo "usage: mosaic.sh MODEL OUT SOURCE SOURCE SOURCE SOURCE" >&2; exit 2; }
. "$(dirname "$0")/common.sh"
model=$1 out=$2
shift 2
need_files "$model"
case $out in
window) end=(videoconvert ! autovideosink) ;;
*.mp4)
    keep_apart "$out" "$model"
    end=(videoconvert ! video/x-raw,format=I420 ! "${encoder[@]}" ! h264parse ! mp4mux !
        filesink location="$out")
    ;;
*)
    echo "mosaic.sh: $out: ends not in .mp4, and is not \"window\"" >&2
    exit 2
    ;;
esac

width=640 height=360
branches=() places=
number=0
for source in "$@"; do
    # Live pictures wait for nobody.
    mode=immediate
    if [[ $source != *://* ]]; then
        need_files "$source"
        [ "$out" = window ] || keep_apart "$out" "$source"
        source=file://$(realpath "$source") mode=complete
    fi
    sink=sink_$number
    places+=" $sink::xpos=$((number % 2 * width)) $sink::ypos=$((number / 2 * height))"
    places+=" $sink::width=$width $sink::height=$height $sink::sizing-policy=keep-aspect-ratio"
    # Verdicts are drawn before the pictures are put together: compositor's output is another picture.
    # uridecodebin would stop where the tracks of a transport stream change: it waits for the end of
    # those that it does not decode, or gives its new picture a pad that nobody links.
    branches+=(uridecodebin3 uri="$source" caps='video/x-raw(ANY)' !
        videoconvert ! deepfakedetect model-file="$model" stream-id="source-$number" mode="$mode" !
        deepfakeoverlay ! queue ! mix."$sink")
    number=$((number + 1))
done
# shellcheck disable=SC2206 # one property a word
line=(compositor name=mix background=black $places ! "${end[@]}" "${branches[@]}")
exec gst-launch-1.0 -q -e "${line[@]}"
