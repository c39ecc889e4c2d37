#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
#SBATCH --job-name=deepfake-scan
#SBATCH --array=0-7
#SBATCH --cpus-per-task=4
#SBATCH --time=12:00:00
#SBATCH --signal=B:TERM@300
#SBATCH --requeue
#SBATCH --open-mode=append
#
# Scans an archive on a Slurm cluster: a job array, each of its tasks one shard of the files.
#
#   sbatch pipelines/scan-slurm.sh RESULTS PATH...
#   sbatch --array=0-31 pipelines/scan-slurm.sh RESULTS PATH...
#
# RESULTS is a folder that all machines share, as are the paths: it gets shard-I-of-N.jsonl. Submitted
# again with the same arguments, or requeued, a task goes on where it was. Some of 8 shards alone:
#
#   SHARDS=8 sbatch --array=3,5 pipelines/scan-slurm.sh RESULTS PATH...
#
# All of it in one file: cat RESULTS/shard-*-of-8.jsonl > all.jsonl
#
# MONITOR=PROGRAM where deepfake-monitor is not on the PATH, SCAN_ARGUMENTS="--timeout 600" for more of
# its arguments. Tasks end with its exit codes, but for what it found, 0, 10 and 11: these are 0 here,
# so that Slurm shows as failed what failed. 75: its time was up before all was done; submit it again.
set -euo pipefail
[ $# -ge 2 ] || { echo "usage: sbatch scan-slurm.sh RESULTS PATH..." >&2; exit 2; }
results=$1
shift
: "${SLURM_ARRAY_TASK_ID:?is set by sbatch --array; elsewhere use deepfake-monitor scan --shard I/N}"
shards=${SHARDS:-$SLURM_ARRAY_TASK_COUNT}
shard=$SLURM_ARRAY_TASK_ID
if [ -z "${SHARDS:-}" ] && [ "$((SLURM_ARRAY_TASK_MAX + 1))" -ne "$shards" ]; then
    echo "scan-slurm.sh: this array does not run from 0 without gaps: say of how many by SHARDS=N" >&2
    exit 2
fi
mkdir -p "$results"
# shellcheck disable=SC2086 # several words
"${MONITOR:-deepfake-monitor}" scan ${SCAN_ARGUMENTS:-} --shard "$shard/$shards" \
    --output "$results/shard-$shard-of-$shards.jsonl" --resume "$@" &
scan=$!
# Before its time is up Slurm tells the script alone. The signal ends its wait, not the scan.
stopping=
trap 'stopping=1; kill -TERM $scan' TERM
code=0
wait $scan || code=$?
if [ -n "$stopping" ]; then
    code=0
    wait $scan || code=$?
fi
case $code in
    0 | 10 | 11) [ -z "$stopping" ] || exit 75 ;;
    *) exit "$code" ;;
esac
