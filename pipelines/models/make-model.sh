#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Makes the model that the plugin ships: artifact_cnn, trained on portraits of real people, on real
# clips, and on fakes made of both. Stopped, it goes on where it was.
#
#   make-model.sh PORTRAITS.jsonl CLIPS.jsonl YUNET.onnx OUTPUT.safetensors [ARGUMENTS OF train...]
#
# PORTRAITS, CLIPS: manifests (docs/training.md). Clips called fake are not learned from. Steps and
# pictures in a step are those of the shipped model, which was trained in two goes as this is
# (docs/lab/artifact-model.md): an hour and a quarter on two busy cores, so give --time-limit SECONDS
# and run it again where that is too long: status 4 says that it is not done.
#
# Not run by the tests: it takes an hour.
set -euo pipefail
[ $# -ge 4 ] || { sed -n '3,13s/^# \{0,1\}//p' "$0" >&2; exit 2; }
portraits=$(realpath "$1") clips=$(realpath "$2") yunet=$(realpath "$3") output=$(realpath -m "$4")
shift 4
trainer=${DEEPFAKE_TRAINER:-$(dirname "$0")/../../build/trainer/deepfake-trainer}
# Groups of clips that validate, beside the portraits that do.
held_out=${HELD_OUT-dreamtalk iplap tpsmm_driving videoretalking_in}
work=$output.work
mkdir -p "$work"

# One list of both, with paths from where they are now.
python3 - "$portraits" "$clips" "$held_out" >"$work/all.jsonl" <<'PYTHON'
import json, os, sys
held_out = sys.argv[3].split()
for number, manifest in enumerate(sys.argv[1:3]):
    folder = os.path.abspath(os.path.dirname(manifest))
    for line in open(manifest, encoding="utf-8"):
        clip = json.loads(line)
        if "path" not in clip:
            continue  # What the trainer says of a list in its first line.
        for name in ("path", "source"):
            if clip.get(name):
                clip[name] = os.path.join(folder, clip[name])
        if number == 1 and clip["label"] == "fake":
            clip["evidence"] = ["generated"]
        if number == 1 and clip.get("group") in held_out:
            clip["split"] = "validation"
        print(json.dumps(clip))
PYTHON

# train_go NAME ARGUMENTS...: one go of the training, unless it is done.
train_go() {
    local name=$1 resume=()
    shift
    [ ! -e "$work/$name.done" ] || return 0
    [ ! -e "$work/$name.safetensors.resume" ] || resume=(--resume)
    "$trainer" train --data "$work/all.jsonl" --crop square --face-model "$yunet" --frames 32 --window 8 \
        --sample-rate 4 --videos 0.3 --head mean --seed 2 --pairs 32 --group 32 --jpeg --target-fpr 0.05 \
        --validation-pairs 512 -o "$work/$name.safetensors" "${resume[@]}" "$@" | tee -a "$work/$name.jsonl"
    touch "$work/$name.done"
}
train_go first --backbone new:artifact_cnn --fakes self-blend:0.7,reconstruct --steps 7000 --validate-every 500 "$@"
train_go second --backbone "$work/first.safetensors" --unfreeze all --easy-part 0 --rate 7e-4 \
    --fakes self-blend:0.6,reconstruct --steps 3000 --validate-every 250 "$@"
"$trainer" export model "$work/second.safetensors" -o "$output" --license LGPL-2.1-or-later \
    --attribution "deepfakedetect; trained on pictures that $(basename "$portraits") and $(basename "$clips") list"
