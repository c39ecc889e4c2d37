#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Verdicts inside a video file: plays VIDEO through deepfakedetect, writes it as H.264 whose stream
# carries the verdicts, then reads them back from that file, without the model.
#
#   pipelines/sei-roundtrip.sh MODEL VIDEO OUT.mp4
#
# Prints what came back as lines of JSON. The sound stays as it is.
set -euo pipefail
[ $# = 3 ] || { echo "usage: sei-roundtrip.sh MODEL VIDEO OUT.mp4" >&2; exit 2; }
. "$(dirname "$0")/common.sh"
model=$1 video=$2 out=$3
need_files "$model" "$video"
keep_apart "$out" "$model" "$video"
say() { printf '== %s\n' "$*" >&2; }

say "analysing $video"
take_apart "$video" "$kInMp4"
gst-launch-1.0 -q "${picture[@]}" ! deepfakedetect model-file="$model" ! "${encoder[@]}" ! \
    deepfakeseiinsert ! h264parse ! mp4mux name=mux ! filesink location="$out" "${sound[@]}" >&2

read_back() {
    gst-launch-1.0 -q filesrc location="$out" ! qtdemux ! video/x-h264 ! h264parse ! deepfakeseiextract ! \
        deepfakejsonenc ! fdsink
}
say "reading $out"
lines=$(read_back)
[ -n "$lines" ] || { echo "sei-roundtrip.sh: no verdicts came back from $out" >&2; exit 1; }
printf '%s\n' "$lines"
say "$(wc -l <<<"$lines") lines of verdicts came back"
