#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Scans an archive as a job array of Slurm, with pipelines/scan-slurm.sh.
#
#   scan_slurm_test.sh MONITOR
set -euo pipefail
export MONITOR=$1
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/soak/slurm_cluster.sh
. "$here/slurm_cluster.sh"

mkdir "$folder/clips"
clip() {
    gst-launch-1.0 -q videotestsrc num-buffers=25 pattern="$1" ! \
        video/x-raw,format=I420,width=320,height=180,framerate=25/1 ! \
        x264enc speed-preset=ultrafast ! mp4mux ! filesink location="$folder/clips/$1.mp4"
}
for pattern in smpte ball circular; do clip $pattern; done

# As the script's own head says, but for the processors that it wants. JOB is the array's number.
submit() {  # SHARDS
    sbatch --parsable --cpus-per-task=1 --array=0-$(($1 - 1)) --output="$folder/slurm-%A_%a.out" \
        "$here/../../pipelines/scan-slurm.sh" "$folder/results" "$folder/clips"
}
ended() { [ -z "$(squeue -h -j "$1" 2>/dev/null)" ]; }
wait_for() {  # COMMAND...
    for _ in $(seq 1800); do "$@" && return; sleep 0.1; done
    fail "$* did not come true"
}
exit_of() { scontrol show job "$1" | grep -o 'ExitCode=[0-9]*' | head -n 1; }
# The clips that have a line, and those that have more than one.
lines() { cat "$folder"/results/shard-*-of-"$1".jsonl | grep -o '"path":"[^"]*"' | sort; }
expect_all() {  # SHARDS CLIPS
    [ "$(lines "$1" | wc -l)" = "$2" ] || fail "of $2 clips there are lines of: $(lines "$1")"
    [ -z "$(lines "$1" | uniq -d)" ] || fail "judged twice: $(lines "$1" | uniq -d)"
}

echo "== three clips, three tasks"
job=$(submit 3)
wait_for ended "$job"
for task in 0 1 2; do
    [ "$(exit_of "${job}_$task")" = ExitCode=0 ] || fail "task $task: $(exit_of "${job}_$task")"
    tail -n 1 "$folder/results/shard-$task-of-3.jsonl" | grep -q '"type":"summary"' ||
        fail "task $task did not end"
done
expect_all 3 3
"$MONITOR" scan-page "$folder"/results/shard-*-of-3.jsonl -o "$folder/page" 2>"$folder/page.err"
grep -q "3 files" "$folder/page.err" || fail "the page has other files: $(cat "$folder/page.err")"
! grep -q shards "$folder/page.err" || fail "the page misses shards: $(cat "$folder/page.err")"

echo "== a task whose time is up, and its array sent again"
for copy in $(seq 40); do cp "$folder/clips/ball.mp4" "$folder/clips/ball$copy.mp4"; done
has_a_line() { [ -s "$folder/results/shard-0-of-2.jsonl" ]; }
job=$(submit 2)
wait_for has_a_line
scancel --batch --signal=TERM "${job}_0"
wait_for ended "$job"
[ "$(exit_of "${job}_0")" = ExitCode=75 ] || fail "the task that was stopped: $(exit_of "${job}_0")"
job=$(submit 2)
wait_for ended "$job"
[ "$(exit_of "${job}_0")" = ExitCode=0 ] || fail "the task that went on: $(exit_of "${job}_0")"
expect_all 2 43
echo "== done"
