#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Verdicts inside a video file: plays VIDEO through deepfakedetect, writes it as H.264 whose stream
# carries the verdicts, then reads them back from that file, without the model.
#
#   pipelines/sei-roundtrip.sh MODEL VIDEO OUT.mp4
#
# Prints what came back as lines of JSON. The plugin is the one in $BUILD (default: build), as
# pipelines/setup.sh makes it.
set -euo pipefail
fail() { echo "sei-roundtrip.sh: $*" >&2; exit 2; }
say() { printf '== %s\n' "$*" >&2; }

[ $# = 3 ] || fail "three arguments are needed: MODEL VIDEO OUT.mp4"
model=$1 video=$2 out=$3
for file in "$model" "$video"; do
    [ -r "$file" ] || fail "$file: no such file, or not readable"
done
[ -d "$(dirname "$out")" ] || fail "$(dirname "$out"): no such folder"
[ "$(realpath "$video")" != "$(realpath "$out")" ] || fail "$out is the video itself"
build=$(realpath "${BUILD:-$(dirname "$0")/../build}")
[ -e "$build/gst/plugin/libgstdeepfakedetect.so" ] ||
    fail "$build holds no plugin; pipelines/setup.sh builds it"
export GST_PLUGIN_PATH=$build/gst/plugin GST_REGISTRY=$build/registry.bin

say "analysing $video"
gst-launch-1.0 -q filesrc location="$video" ! decodebin ! videoconvert ! \
    deepfakedetect model-file="$model" ! videoconvert ! video/x-raw,format=I420 ! \
    x264enc speed-preset=veryfast ! deepfakeseiinsert ! h264parse ! mp4mux ! \
    filesink location="$out" >&2

read_back() {
    gst-launch-1.0 -q filesrc location="$out" ! qtdemux ! h264parse ! deepfakeseiextract ! \
        deepfakejsonenc ! fdsink
}
say "reading $out"
lines=$(read_back)
[ -n "$lines" ] || { echo "sei-roundtrip.sh: no verdicts came back from $out" >&2; exit 1; }
printf '%s\n' "$lines"
say "$(wc -l <<<"$lines") lines of verdicts came back"
