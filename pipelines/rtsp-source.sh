#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Serves a video by RTSP, over and over, until Ctrl-C: a source to try deepfake-monitor with.
#
#   pipelines/rtsp-source.sh [VIDEO]
#
# Without a video it draws one of a forged face. Its sound is left out. $PORT: the port (18554).
#
# Not run by the tests: it installs packages and builds.
set -euo pipefail
[ $# -le 1 ] || { echo "usage: rtsp-source.sh [VIDEO]" >&2; exit 2; }
video=${1:-}
[ -z "$video" ] || { . "$(dirname "$0")/common.sh"; need_files "$video"; video=$(realpath "$video"); }
cd "$(dirname "$0")/.."
export BUILD=${BUILD:-build}
PACKAGES="pipelines/packages.txt pipelines/monitor/packages.txt" TARGETS=programs pipelines/setup.sh

work=$(realpath "$BUILD")/rtsp-source
mkdir -p "$work"
if [ -z "$video" ]; then
    video=$work/drawn/Celeb-synthesis/id0_id1_0000.mp4
    [ -e "$video" ] ||
        "$BUILD/trainer/deepfake-trainer" synthesize --output "$work/drawn" --clips 8 --seed 2 --seconds 8
fi
# Without a container, which could not be repeated without a seam.
ffmpeg -v error -y -i "$video" -an -c:v libx264 -preset veryfast -pix_fmt yuv420p -f h264 "$work/video.h264"
exec pipelines/rtsp_source.py "$work/video.h264" --port "${PORT:-18554}"
