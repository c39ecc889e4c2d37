#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Draws the verdicts on a video: boxes, labels and a banner, and a heatmap of where the evidence is. The sound is left out.
#
#   pipelines/annotate.sh MODEL VIDEO OUT.mp4
set -euo pipefail
[ $# = 3 ] || { echo "usage: annotate.sh MODEL VIDEO OUT.mp4" >&2; exit 2; }
. "$(dirname "$0")/common.sh"
model=$1 video=$2 out=$3
need_files "$model" "$video"
keep_apart "$out" "$model" "$video"

gst-launch-1.0 -q filesrc location="$video" ! decodebin ! videoconvert ! videoflip video-direction=auto ! \
    deepfakedetect model-file="$model" overlay=boxes+labels+banner+heatmap ! \
    videoconvert ! video/x-raw,format=I420 ! x264enc speed-preset=veryfast ! mp4mux ! \
    filesink location="$out"
