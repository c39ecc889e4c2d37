#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Draws the verdicts on a video: boxes, labels and a banner, and a heatmap of where the evidence is. The sound stays as it is.
#
#   pipelines/annotate.sh MODEL VIDEO OUT.mp4
set -euo pipefail
[ $# = 3 ] || { echo "usage: annotate.sh MODEL VIDEO OUT.mp4" >&2; exit 2; }
. "$(dirname "$0")/common.sh"
model=$1 video=$2 out=$3
need_files "$model" "$video"
keep_apart "$out" "$model" "$video"

take_apart "$video" "$kInMp4"
gst-launch-1.0 -q "${picture[@]}" ! \
    deepfakedetect model-file="$model" overlay=boxes+labels+banner+heatmap ! \
    videoconvert ! video/x-raw,format=I420 ! "${encoder[@]}" ! h264parse ! mp4mux name=mux ! \
    filesink location="$out" "${sound[@]}"
