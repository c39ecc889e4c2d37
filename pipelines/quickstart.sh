#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# From nothing to a verdict: installs what is missing, builds, and plays a video through
# deepfakedetect with the model that comes with it.
#
#   pipelines/quickstart.sh [VIDEO]
#
# Without a video it draws one, which shows only that all works together. The annotated copy lies in
# $BUILD/quickstart. What the verdict is worth: docs/model-card.md.
#
# Not run by the tests: it installs packages and builds.
set -euo pipefail
[ $# -le 1 ] || { echo "usage: quickstart.sh [VIDEO]" >&2; exit 2; }
video=${1:-}
if [ -n "$video" ]; then
    [ -r "$video" ] || { echo "quickstart.sh: $video: no such file, or not readable" >&2; exit 2; }
    video=$(realpath "$video")
fi
cd "$(dirname "$0")/.."
export BUILD=${BUILD:-build}
TARGETS=programs pipelines/setup.sh  # The tests would take longer to build than all the rest.

work=$(realpath "$BUILD")/quickstart
mkdir -p "$work"
. pipelines/common.sh
export GST_REGISTRY=$work/registry.bin
if [ -z "$video" ]; then
    video=$work/drawn/Celeb-real/id0_0000.mp4
    [ -e "$video" ] || "$BUILD/trainer/deepfake-trainer" synthesize --output "$work/drawn" --clips 8 --seconds 8
    drawn=yes
fi
printf '== playing %s\n' "$video" >&2
name=$(basename "$video")
name=${name%.*}
pipelines/verdicts.py - "$video" --name="$name" -o "$work/$name.mp4" 2>"$work/$name.log" ||
    { tail -n 5 "$work/$name.log" >&2; echo "quickstart.sh: playing $video failed" >&2; exit 1; }
echo "$name: annotated video: $work/$name.mp4"
if [ -n "${drawn:-}" ]; then
    echo "A drawn face: the verdict means nothing. Give a video of yours: pipelines/quickstart.sh VIDEO"
else
    echo "What the verdict is worth: docs/model-card.md"
fi
