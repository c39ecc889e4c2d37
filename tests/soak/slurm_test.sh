#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Trains as a job of Slurm.
#
#   slurm_test.sh TRAINER
set -euo pipefail
trainer=$1
here=$(cd "$(dirname "$0")" && pwd)
compare=$here/compare_models.py
# shellcheck source=tests/soak/slurm_cluster.sh
. "$here/slurm_cluster.sh"

"$trainer" synthesize --seconds 1 -o "$folder/data" --clips 16 --seed 3
train() {  # MODEL, and more options.
    local model=$1
    shift
    echo "$trainer" train --data "$folder/data" --split random --backbone new:artifact_cnn \
        --crop square --frames 2 --pairs 16 --validation-pairs 32 --validate-every 1 --steps 6 \
        --precision fp32 --threads 1 --cache "$folder/cache" -o "$folder/$model" "$@"
}
two="srun --overcommit -n 2"

echo "== one process"
$(train one) >"$folder/one.json" 2>"$folder/one.err" || fail "one process"

echo "== two tasks of srun"
$two $(train two) >"$folder/two.json" 2>"$folder/two.err" || fail "two tasks"
[ "$(wc -l <"$folder/two.json")" = 6 ] || fail "only one of the tasks is to report"
"$compare" "$folder/one" "$folder/two" 1e-4

echo "== a batch script that forgot srun is one process"
printf '#!/bin/bash\n%s\n' "$(train batch)" >"$folder/batch.sh"
sbatch --wait --overcommit -n 2 -o "$folder/batch.out" "$folder/batch.sh" || fail "batch script"
"$compare" "$folder/one" "$folder/batch" 0

echo "== a task that is killed, and --resume"
$two $(train parts) >"$folder/parts.json" 2>"$folder/parts.err" &
step=$!
for _ in $(seq 1200); do [ -e "$folder/parts.resume" ] && break; sleep 0.1; done
for process in $(pgrep -f -- "-o $folder/parts\$"); do
    if tr '\0' '\n' <"/proc/$process/environ" 2>/dev/null | grep -qx SLURM_PROCID=1; then
        kill -9 "$process"
    fi
done
! wait "$step" || fail "a step that lost a task succeeded"
grep -q "rank 0 of 2 lost rank 1" "$folder/parts.err" || fail "nobody says who was lost"
$two $(train parts --resume) >"$folder/rest.json" 2>"$folder/rest.err" || fail "--resume"
"$compare" "$folder/two" "$folder/parts" 0
echo "== done"
