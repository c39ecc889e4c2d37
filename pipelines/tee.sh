#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Analyses a video beside its recording: behind a tee, one branch encodes the picture as it is and
# keeps the sound, the other one is analysed and writes JSON lines and WebVTT subtitles with the recording's name.
#
#   pipelines/tee.sh MODEL VIDEO OUT.mp4
#
# Makes OUT.mp4, OUT.jsonl and OUT.vtt; players that look for subtitles beside a video show the
# verdicts.
set -euo pipefail
[ $# = 3 ] || { echo "usage: tee.sh MODEL VIDEO OUT.mp4" >&2; exit 2; }
. "$(dirname "$0")/common.sh"
model=$1 video=$2 out=$3 name=$(basename "$2")
need_files "$model" "$video"
keep_apart "$out" "$model" "$video"
stem=$(dirname "$out")/$(basename "$out" .mp4)

# x264enc wants a few seconds of video before it gives any. The pipeline must not wait in PAUSED for the
# recording's first byte (async=false): there the other branch takes no more frames, and so neither
# does the tee.
take_apart "$video" "$kInMp4"
gst-launch-1.0 -q "${picture[@]}" ! tee name=t \
    t. ! queue ! "${encoder[@]}" ! h264parse ! mp4mux name=mux ! \
        filesink async=false location="$out" \
    t. ! queue ! deepfakedetect model-file="$model" stream-id="$name" ! tee name=results \
    results. ! queue ! deepfakejsonenc ! filesink buffer-mode=unbuffered location="$stem.jsonl" \
    results. ! queue ! deepfakevttenc ! filesink buffer-mode=unbuffered location="$stem.vtt" \
    "${sound[@]}"
