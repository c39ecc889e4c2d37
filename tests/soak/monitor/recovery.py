#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""How long deepfake-monitor takes to come back, and whether others notice.

    recovery.py reconnect [--rounds 20]   a source fails and is back at once: seconds to its next picture
    recovery.py crash     [--rounds 5]    the monitor is killed and started 2 s later, as its unit does: seconds to its
                                          next verdicts, and what was lost
    recovery.py gap       [--rounds 8]    one of eight streams fails: the largest time between two pictures of the
                                          others

--program, --trainer and what is needed are as soak.py's. Prints a JSON report; exits with 1 where it is not within the
goals.
"""

import argparse
import collections
import json
import math
import pathlib
import random
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time

from account import account, is_right
from relay import Relay
from scene import Scene, Source
from watching import WatchingMonitor, wait_for

STALL_S = 3
# The goals: beyond the stall timeout, of a crash, and between two pictures.
MOST_RECONNECT_S = 2
MOST_CRASH_S = 15
MOST_GAP_S = 0.2
# RestartSec of the unit.
RESTART_S = 2


class Viewer:
    """Another one who looks at a source, so that the monitor comes in between two keyframes."""

    def __init__(self, uri):
        self.command = ["gst-launch-1.0", "-q", "rtspsrc", f"location={uri}", "protocols=tcp", "!", "fakesink"]
        self.process = None

    def start(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def stop(self):
        self.process.kill()
        self.process.wait()


def summary(values):
    return {"rounds": len(values), "median_s": round(statistics.median(values), 2), "most_s": round(max(values), 2)}


def run_reconnect(arguments, folder, report):
    chance = random.Random(1)
    source = Source("ch0")
    relay = Relay(source.port)
    viewer = Viewer(source.uri)
    monitor = WatchingMonitor(arguments.program, folder, f'[[stream]]\nid = "ch0"\nstall_timeout_s = {STALL_S}\n'
                              f'uri = "rtsp://127.0.0.1:{relay.port}/live"\n')

    def kill():
        source.kill()
        source.start()
        viewer.stop()
        viewer.start()

    def connects():
        return monitor.metrics().get(("deepfake_stream_connects_total", 'stream="ch0"'), 0)

    def one_round(fault):
        # A new connection is made, and the wait before it is the shortest one again.
        time.sleep(chance.uniform(3, 4))
        before = connects()
        begin = time.monotonic()
        fault()
        wait_for(lambda: connects() > before and monitor.streams()["ch0"]["live"], 60, "the stream plays again")
        return time.monotonic() - begin

    try:
        source.start()
        viewer.start()
        monitor.start()
        wait_for(lambda: monitor.streams().get("ch0", {}).get("live"), 30, "the stream plays")
        killed = [one_round(kill) for _ in range(arguments.rounds)]
        silent = [one_round(relay.hold) for _ in range(arguments.rounds)]
    finally:
        monitor.kill()
        viewer.stop()
        source.kill()
    report["stall_timeout_s"] = STALL_S
    report["server_killed"] = summary(killed)
    report["silent"] = summary(silent)
    return {"within the stall timeout and 2 s": max(killed + silent) <= STALL_S + MOST_RECONNECT_S}


def judged(monitor):
    return {name for name, one in monitor.streams().items() if one["verdict"] != "undecided"}


def firing(monitor):
    return {alarm for alarm, in monitor.query("SELECT id FROM alarms WHERE state = 'firing'")}


def run_crash(arguments, folder, report):
    chance = random.Random(1)
    took = []
    lost = 0
    with Scene(arguments, folder, streams=8, all_forged=True) as scene:
        monitor = scene.monitor
        for _ in range(arguments.rounds):
            wait_for(lambda: scene.all_play() and len(judged(monitor)) == 2, 300, "both faces are judged")
            dead = chance.choice(scene.sources[2:])
            dead.kill()
            wait_for(lambda: any(value == 2 and 'rule="down"' in labels for (name, labels), value in
                                 monitor.metrics().items() if name == "deepfake_alarm_state"), 60, "an alarm fires")
            time.sleep(chance.uniform(0, 2))
            begin = time.monotonic()
            monitor.kill()
            before = firing(monitor)
            time.sleep(RESTART_S)
            monitor.start()
            # Of before: each is still there, under its name, until it is seen to have ended.
            lost += len(before - firing(monitor))
            wait_for(lambda: len(judged(monitor)) == 2, 300, "both faces are judged")
            took.append(time.monotonic() - begin)
            dead.start()
        scene.prometheus.stop()
        wait_for(scene.is_calm, 120, "everything is calm")
        report["told"] = account(monitor, scene.broker, scene.webhook)
        report["exit_code"] = monitor.stop()
    report["until_judged"] = summary(took)
    report["alarms_lost"] = lost
    return {"within 15 s": max(took) <= MOST_CRASH_S, "nothing lost": lost == 0 and is_right(report["told"])}


# What GStreamer says with basesink:5 of a picture that has come through: since the start, and to which sink. Each
# connection has one of its own; those of clips are not called so.
PICTURE = re.compile(r"^(\d+):(\d+):(\d+\.\d+) .*gst_base_sink_chain_unlocked:<(fakesink\d+)> got times")


def pictures_in(log):
    """Of each connection: when its pictures came, in s."""
    times = collections.defaultdict(list)
    with open(log) as lines:
        for found in map(PICTURE.search, lines):
            if found:
                hours, minutes, seconds, sink = found.groups()
                times[sink].append(3600 * int(hours) + 60 * int(minutes) + float(seconds))
    return list(times.values())


def largest_gap(connections, lasting):
    """Between two pictures of those that lasted so long, and how many these are."""
    whole = [times for times in connections if times[-1] - times[0] >= lasting]
    gaps = (after - before for times in whole for before, after in zip(times, times[1:]))
    return len(whole), max(gaps, default=math.inf)


def run_gap(arguments, folder, report):
    environment = {"GST_DEBUG": "basesink:5", "GST_DEBUG_NO_COLOR": "1"}

    def watched(faults):
        place = folder / ("faulty" if faults else "quiet")
        place.mkdir()
        with Scene(arguments, place, streams=8, environment=environment) as scene:
            wait_for(scene.all_play, 60, "all streams play")
            begin = time.monotonic()
            dead = scene.sources[-1]
            for number in range(arguments.rounds):
                # Killed, then hung for longer than its stall timeout.
                if faults and number % 2 == 0:
                    dead.kill()
                elif faults:
                    dead.hang()
                time.sleep(2 * STALL_S)
                if faults and number % 2 == 0:
                    dead.start()
                elif faults:
                    dead.go_on()
                time.sleep(STALL_S)
            lasted = time.monotonic() - begin
            scene.monitor.stop()
            streams, gap = largest_gap(pictures_in(scene.monitor.log), lasted)
            return {"seconds": round(lasted), "streams": streams, "largest_gap_s": round(gap, 3)}

    report["all_well"] = watched(faults=False)
    report["one_dead"] = watched(faults=True)
    return {"seven streams went on": report["one_dead"]["streams"] == 7,
            "no gap of 200 ms": report["one_dead"]["largest_gap_s"] < MOST_GAP_S}


MODES = {"reconnect": (run_reconnect, 20), "crash": (run_crash, 5), "gap": (run_gap, 8)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("mode", choices=MODES)
    parser.add_argument("--program", type=pathlib.Path, required=True)
    parser.add_argument("--trainer", type=pathlib.Path, required=True)
    parser.add_argument("--rounds", type=int)
    arguments = parser.parse_args()
    # Whoever is stopped ends what it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    run, rounds = MODES[arguments.mode]
    arguments.rounds = arguments.rounds or rounds
    report = {"mode": arguments.mode}
    with tempfile.TemporaryDirectory(prefix="monitor-recovery-") as folder:
        report["facts"] = run(arguments, pathlib.Path(folder), report)
    print(json.dumps(report, indent=1))
    wrong = [name for name, holds in report["facts"].items() if not holds]
    print(f"{arguments.mode}: " + ("failed: " + "; ".join(wrong) if wrong else "passed"), file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
