#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Encodes a video into an MPEG transport stream that carries the results of deepfakedetect as KLV
# beside it. The sound stays as it is.
#
#   pipelines/ts-klv.sh MODEL VIDEO OUT.ts
#
# docs/sidecars.md has the layout, and how to read it back.
set -euo pipefail
[ $# = 3 ] || { echo "usage: ts-klv.sh MODEL VIDEO OUT.ts" >&2; exit 2; }
. "$(dirname "$0")/common.sh"
model=$1 video=$2 out=$3 name=$(basename "$2")
need_files "$model" "$video"
keep_apart "$out" "$model" "$video"

# x264enc holds back a few seconds of video, and the muxer the packets of that time: the queue behind
# deepfakeklvenc has no limit but its bytes.
take_apart "$video" "$kInTs"
gst-launch-1.0 -q "${picture[@]}" ! \
    deepfakedetect model-file="$model" stream-id="$name" ! tee name=t \
    t. ! queue ! "${encoder[@]}" ! h264parse ! mpegtsmux name=mux ! \
    filesink location="$out" \
    t. ! deepfakeklvenc ! queue max-size-buffers=0 max-size-time=0 ! mux. \
    "${sound[@]}"
