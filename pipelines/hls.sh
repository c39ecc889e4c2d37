#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Analyses a video and writes it for HTTP Live Streaming: MPEG-TS segments of about four seconds, and
# the verdicts as WebVTT subtitles in a segment for each. The sound stays as it is.
#
#   pipelines/hls.sh MODEL VIDEO FOLDER
#
# Makes FOLDER unless it is there and empty, and in it master.m3u8, which players open, with what it
# names: video.m3u8 and video*.ts, verdicts.m3u8 and verdicts*.vtt; verdicts.vtt is the whole text.
set -euo pipefail
[ $# = 3 ] || { echo "usage: hls.sh MODEL VIDEO FOLDER" >&2; exit 2; }
. "$(dirname "$0")/common.sh"
model=$1 video=$2 folder=$3 name=$(basename "$2")
need_files "$model" "$video"
refuse() { echo "hls.sh: $folder: $*" >&2; exit 2; }
# hlssink takes the segments' place as a format.
[[ $folder != *%* ]] || refuse "a folder with a % in its name is not possible"
[ -d "$(dirname "$folder")" ] || refuse "its parent is no folder"
[ ! -e "$folder" ] || [ -d "$folder" ] || refuse "is no folder"
mkdir -p "$folder" || exit 2
[ -w "$folder" ] || refuse "not writable"
# Segments of another video would stay behind and be played by whoever has their names.
[ -z "$(ls -A "$folder")" ] || refuse "is not empty"

# hlssink asks for a key frame where a segment is to begin, four seconds ahead, so x264enc must not be
# further ahead than that: it looks at fewer frames than usual. hlssink2 would need no muxer here, but
# now and then it does not end (GStreamer 1.22). The text's sink does not wait in PAUSED (async=false):
# there it takes no frames, and x264enc wants a few before it gives any.
take_apart "$video" "$kInTs"
gst-launch-1.0 -q "${picture[@]}" ! tee name=t \
    t. ! queue ! x264enc speed-preset=veryfast pass=quant quantizer=23 rc-lookahead=5 \
        sync-lookahead=0 ! h264parse ! mpegtsmux name=mux ! \
    hlssink target-duration=4 playlist-length=0 max-files=0 location="$folder/video%05d.ts" \
        playlist-location="$folder/video.m3u8" \
    t. ! queue ! deepfakedetect model-file="$model" stream-id="$name" ! deepfakevttenc ! \
    filesink async=false buffer-mode=unbuffered location="$folder/verdicts.vtt" \
    "${sound[@]}"
python3 "$(dirname "$0")/vtt_segments.py" "$folder/video.m3u8" "$folder/verdicts.vtt"
