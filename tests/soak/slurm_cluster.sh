# SPDX-License-Identifier: LGPL-2.1-or-later
#
# To be sourced: a Slurm cluster of this machine alone, in the new folder $folder, with Debian's packages
# slurmctld, slurmd, slurm-client and munge, whose services need not run. It is gone when the script ends. Skips
# (status 77) where it is not run as root or one of these is missing.
for program in munged slurmctld slurmd srun sbatch sinfo; do
    command -v "$program" >/dev/null || {
        echo "skipped: $program is missing: apt-get install slurmctld slurmd slurm-client munge"
        exit 77
    }
done
[ "$(id -u)" = 0 ] || { echo "skipped: Slurm's daemons want root"; exit 77; }

folder=$(mktemp -d /tmp/deepfake-slurm-XXXXXX)  # Short: sockets have no long names.
daemons=()
jobs_of() { squeue -h -o %A 2>/dev/null | sort -u; }
finish() {
    status=$?
    # What runs would outlive its daemons.
    jobs_of | xargs -r scancel --quiet --signal=KILL 2>/dev/null || true
    for _ in $(seq 100); do [ -z "$(jobs_of)" ] && break; sleep 0.1; done
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
