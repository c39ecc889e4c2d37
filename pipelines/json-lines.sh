#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Plays a video through deepfakedetect and writes a line of JSON whenever a verdict, a reason or the
# set of faces changes.
#
#   pipelines/json-lines.sh MODEL VIDEO [OUT]
#
# OUT: a file; by default the lines go to standard output. docs/json-lines.md has the layout.
set -euo pipefail
[ $# -ge 2 ] && [ $# -le 3 ] || { echo "usage: json-lines.sh MODEL VIDEO [OUT]" >&2; exit 2; }
. "$(dirname "$0")/common.sh"
model=$1 video=$2
need_files "$model" "$video"
name=$(basename "$video")
if [ $# = 3 ]; then
    keep_apart "$3" "$model" "$video"
    exec >"$3"
fi

# -q: standard output is for the lines alone.
gst-launch-1.0 -q filesrc location="$video" ! decodebin ! videoconvert ! \
    deepfakedetect model-file="$model" stream-id="$name" ! \
    deepfakejsonenc updates=on-change ! fdsink fd=1
