#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Trains as a job of Slurm: a cluster of this machine alone, in a folder of its own, with Debian's
# packages slurmctld, slurmd, slurm-client and munge, whose services need not run. Skips (status 77)
# where it is not run as root or one of these is missing.
#
#   slurm_test.sh TRAINER
set -euo pipefail
trainer=$1
compare=$(cd "$(dirname "$0")" && pwd)/compare_models.py

for program in munged slurmctld slurmd srun sbatch sinfo; do
    command -v "$program" >/dev/null || {
        echo "skipped: $program is missing: apt-get install slurmctld slurmd slurm-client munge"
        exit 77
    }
done
[ "$(id -u)" = 0 ] || { echo "skipped: Slurm's daemons want root"; exit 77; }

folder=$(mktemp -d /tmp/deepfake-slurm-XXXXXX)  # Short: sockets have no long names.
daemons=()
finish() {
    status=$?
    [ ${#daemons[@]} = 0 ] || kill "${daemons[@]}" 2>/dev/null || true
    wait || true
    if [ "$status" = 0 ]; then rm -rf "$folder"; else echo "what was said is in $folder"; fi
}
trap finish EXIT
fail() { echo "failed: $*"; exit 1; }

# Ports that nobody listens at, below those that the kernel gives to connections.
free_port() {
    python3 - "$1" <<'PYTHON'
import socket, sys
for port in range(int(sys.argv[1]), 32768):
    with socket.socket() as one:
        try:
            one.bind(("", port))
        except OSError:
            continue
    print(port)
    break
PYTHON
}

host=$(hostname -s)
export SLURM_CONF=$folder/slurm.conf
control=$(free_port 18000)
cat >"$SLURM_CONF" <<CONF
ClusterName=one
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$control
SlurmdPort=$(free_port $((control + 1)))
AuthType=auth/munge
AuthInfo=socket=$folder/munge.socket
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmUser=root
SlurmdUser=root
MpiDefault=none
ReturnToService=2
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(nproc) State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP OverSubscribe=FORCE:4
CONF
: >"$folder/cgroup.conf"
mkdir "$folder/state" "$folder/spool"
(umask 077 && head -c 1024 /dev/urandom >"$folder/munge.key")
chmod 755 "$folder"

start() {
    "$@" >"$folder/$(basename "$1").log" 2>&1 &
    daemons+=($!)
}
start munged --foreground --force --key-file "$folder/munge.key" --socket "$folder/munge.socket" \
    --pid-file "$folder/munged.pid" --log-file "$folder/munged.file" --seed-file "$folder/munge.seed"
for _ in $(seq 100); do [ -S "$folder/munge.socket" ] && break; sleep 0.1; done
start slurmctld -D -c -f "$SLURM_CONF"
start slurmd -D -f "$SLURM_CONF" -N "$host"
for _ in $(seq 600); do
    [ "$(sinfo -h -o %t 2>/dev/null)" = idle ] && break
    sleep 0.1
done
[ "$(sinfo -h -o %t)" = idle ] || fail "the cluster did not come up"

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
