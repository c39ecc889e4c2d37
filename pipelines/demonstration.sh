#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# From nothing to a model of one's own: installs what is missing, builds, draws a small data set,
# trains a demonstration model on it, and plays clips of other drawn people through deepfakedetect.
#
#   pipelines/demonstration.sh
#
# The model is trained on drawn faces with a random backbone: it shows that the parts work together,
# and cannot tell real deepfakes (docs/demonstration.md). Results lie in $BUILD/demonstration; a second
# run reuses them.
#
# Not run by the tests: it installs packages and builds.
set -euo pipefail
cd "$(dirname "$0")/.."
export BUILD=${BUILD:-build}
TARGETS=programs pipelines/setup.sh  # The tests would take longer to build than all the rest.

work=$(realpath "$BUILD")/demonstration
trainer=$BUILD/trainer/deepfake-trainer
model=$work/demo.safetensors
mkdir -p "$work"
say() { printf '== %s\n' "$*" >&2; }

if [ ! -e "$work/data/.done" ]; then
    say "drawing a data set of faces"
    "$trainer" synthesize --output "$work/data" --clips 80 --seed 1
    touch "$work/data/.done"
fi
if [ ! -e "$work/.trained" ]; then
    say "training a demonstration model"
    "$trainer" train --data "$work/data" --backbone random:1 --output "$model" --epochs 20 \
        --cache "$work/embeddings" \
        >"$work/epochs.jsonl"
    touch "$work/.trained"
fi
if [ ! -e "$work/unseen/.done" ]; then
    say "drawing clips of people who were not in training"
    "$trainer" synthesize --output "$work/unseen" --clips 8 --seed 2 --seconds 8
    touch "$work/unseen/.done"
fi

. pipelines/common.sh
export GST_REGISTRY=$work/registry.bin

# Plays a file, writes the annotated copy, and prints a line for each track.
play() {
    local clip=$1 name=$2
    say "playing $clip"
    pipelines/verdicts.py "$model" "$clip" --name "$name" -o "$work/$name.mp4" 2>"$work/$name.log" ||
        { tail -n 5 "$work/$name.log" >&2; echo "demonstration.sh: playing $clip failed" >&2; return 1; }
    echo "$name: annotated video: $work/$name.mp4"
}

play "$work/unseen/Celeb-real/id0_0000.mp4" drawn-real
play "$work/unseen/Celeb-synthesis/id0_id1_0000.mp4" drawn-fake
