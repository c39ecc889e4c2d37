#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs deepfake-monitor on streams that fail, and counts what is left of memory, files, threads, events and alarms.

    soak.py faults     [--seconds 1800] [--seed 1]   eight streams; random faults of sources, broker and webhook
    soak.py reconnects [--count 200]                 one stream, whose server is killed again and again
    soak.py outage     [--seconds 600] [--seed 1]    eight streams with faults; broker and webhook are away all the time

--program and --trainer name deepfake-monitor and deepfake-trainer. Needs the packages of tests/packages.txt,
and GST_PLUGIN_PATH where deepfakedetect is not installed. Prints a JSON report, and a verdict on standard error;
exits with 1 where something is not as it should be. What was written is left in --folder, where that is given.
Short runs show that all of it works, but memory has not settled by then: of that they say what is not so.
"""

import argparse
import collections
import json
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

import clips
from account import account, is_right
from scene import PRE_ROLL_S, Scene
from watching import wait_for

# What begins a fault, and what ends it.
STREAM_FAULTS = {
    "kill": (lambda source: source.kill(), lambda source: source.start()),
    "hang": (lambda source: source.hang(), lambda source: source.go_on()),
    "refuse": (lambda source: source.ask("refuse"), lambda source: source.ask("normal")),
    "black": (lambda source: source.ask("black"), lambda source: source.ask("normal")),
    "frozen": (lambda source: source.ask("frozen"), lambda source: source.ask("normal")),
    "silent": (lambda source: source.ask("silent"), lambda source: source.ask("normal")),
}
BROKER_FAULTS = {
    "broker_kill": (lambda broker: broker.kill(), lambda broker: broker.start()),
    "broker_hang": (lambda broker: broker.hang(), lambda broker: broker.go_on()),
}
WEBHOOK_FAULTS = {
    "webhook_500": (lambda webhook: webhook.answer(500), lambda webhook: webhook.answer(204)),
    "webhook_hang": (lambda webhook: webhook.answer(0), lambda webhook: webhook.answer(204)),
}
# Seconds from fault to fault, and the longest that one lasts.
EVERY_S = 5
LONGEST_S = 20
# What a reconnect may cost.
MOST_KB_A_RECONNECT = 20


def inject(scene, seconds, chance, with_outputs):
    """Faults for `seconds`, of several things at once; returns how many of each kind."""
    things = [(source, STREAM_FAULTS) for source in scene.sources]
    if with_outputs:
        things += [(scene.broker, BROKER_FAULTS), (scene.webhook, WEBHOOK_FAULTS)]
    counts = collections.Counter()
    faulty = {}  # Things: when the fault ends, and how.
    end = time.monotonic() + seconds
    next_fault = 0
    while (now := time.monotonic()) < end:
        for thing in [thing for thing, (until, _) in faulty.items() if until <= now]:
            faulty.pop(thing)[1](thing)
        if next_fault <= now:
            next_fault = now + chance.expovariate(1 / EVERY_S)
            thing, faults = chance.choice(things)
            kind = chance.choice(list(faults))
            lasts = chance.uniform(0.5, LONGEST_S)
            if thing not in faulty:
                begin, undo = faults[kind]
                begin(thing)
                faulty[thing] = (now + lasts, undo)
                counts[kind] += 1
        time.sleep(0.05)
    for thing, (_, undo) in faulty.items():
        undo(thing)
    return dict(counts)


def reconnects(scene):
    """So far, over all streams."""
    return sum(scene.counted("stream_connects_total").values()) - len(scene.sources)


def lint(scene):
    """What promtool has against the metrics; empty: nothing."""
    checked = subprocess.run(["promtool", "check", "metrics"], input=scene.monitor.get("/metrics"),
                             capture_output=True, check=False)
    return "" if checked.returncode == 0 else (checked.stdout + checked.stderr).decode()


def closing(scene, report):
    """What is found at the end of each mode."""
    scrapes, failed = scene.prometheus.scrapes()
    report["scrapes"] = {"all": scrapes, "failed": failed}
    report["promtool"] = lint(scene)
    report["failures"] = scene.counted("stream_failures_total")
    report["alarms"] = scene.counted("alarms_total")
    report["dropped"] = sum(scene.counted("output_dropped_total").values())
    report["told"] = account(scene.monitor, scene.broker, scene.webhook)
    report["exit_code"] = scene.monitor.stop()
    return {"nothing lost, nothing twice": is_right(report["told"]) and report["dropped"] == 0,
            "no scrape failed": failed == 0 and scrapes > 0,
            "promtool is content": not report["promtool"],
            "none stuck": not report["failures"].get('reason="stuck"'),
            "ended with 0": report["exit_code"] == 0}


def compare(report):
    """Of its figures before and after: what grew, and whether nothing but memory did."""
    grown = report["grown"] = {name: report["after"][name] - report["before"][name] for name in report["before"]}
    # A webhook and a scraper keep their connections for a while, or not.
    kept_alive = 2
    return {"no more descriptors and threads": grown["descriptors"] <= 0 and grown["threads"] <= 0,
            "no more sockets than are kept alive": grown["sockets"] <= kept_alive}


def run_faults(arguments, folder, report):
    with Scene(arguments, folder, streams=8) as scene:
        # Everything was used once: each rule's alarm, each output, each kind of failure.
        inject(scene, min(300, arguments.seconds / 3), random.Random(0), with_outputs=True)
        report["before"] = scene.calm_figures()
        earlier = reconnects(scene)
        report["faults"] = inject(scene, arguments.seconds, random.Random(arguments.seed), with_outputs=True)
        report["after"] = scene.calm_figures()
        report["reconnects"] = reconnects(scene) - earlier
        facts = {**compare(report), **closing(scene, report)}
        report["clips"] = clips.check(scene.monitor, PRE_ROLL_S)
        facts["clips begin where they have to"] = clips.are_right(report["clips"])
        facts["memory"] = report["grown"]["rss_kb"] <= MOST_KB_A_RECONNECT * max(report["reconnects"], 1)
        facts["each kill was a failure"] = sum(report["failures"].values()) >= report["faults"].get("kill", 0)
        return facts


def slope(values):
    """Of the straight line through them, by least squares."""
    middle = (len(values) - 1) / 2
    mean = sum(values) / len(values)
    return (sum((at - middle) * (value - mean) for at, value in enumerate(values)) /
            sum((at - middle) ** 2 for at in range(len(values))))


def run_reconnects(arguments, folder, report):
    first = arguments.count // 4  # Of 200 the last 150 count.
    memory = []
    with Scene(arguments, folder, streams=1) as scene:
        source = scene.sources[0]
        wait_for(scene.all_play, 60, "the stream plays")
        for number in range(arguments.count):
            before = reconnects(scene)
            source.kill()
            source.start()
            wait_for(lambda before=before: reconnects(scene) > before and scene.all_play(), 60,
                     "the stream plays again")
            time.sleep(4)  # Until the alarm has ended, and its clip is made.
            if number == first:
                report["before"] = scene.calm_figures()
            memory.append(scene.monitor.figures()["rss_kb"])
        report["after"] = scene.calm_figures()
        report["rss_kb"] = memory
        report["connects"] = 1 + reconnects(scene)
        report["kb_a_reconnect"] = round(slope(memory[first:]), 2)
        facts = {**compare(report), **closing(scene, report)}
        facts["memory"] = report["kb_a_reconnect"] <= MOST_KB_A_RECONNECT
        return facts


def run_outage(arguments, folder, report):
    with Scene(arguments, folder, streams=8) as scene:
        wait_for(scene.all_play, 60, "all streams play")
        inject(scene, 20, random.Random(0), with_outputs=False)
        scene.broker.kill()
        scene.webhook.answer(500)
        report["faults"] = inject(scene, arguments.seconds, random.Random(arguments.seed), with_outputs=False)
        report["waiting"] = scene.counted("output_queue_length")
        scene.broker.start()
        scene.webhook.answer(204)
        begin = time.monotonic()
        wait_for(lambda: not any(scene.counted("output_queue_length").values()), 300, "all is told")
        report["told_within_s"] = round(time.monotonic() - begin, 1)
        wait_for(scene.is_calm, 300, "everything is calm")
        facts = closing(scene, report)
        facts["events waited"] = all(count for name, count in report["waiting"].items() if "jsonl" not in name)
        return facts


MODES = {"faults": run_faults, "reconnects": run_reconnects, "outage": run_outage}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("mode", choices=MODES)
    parser.add_argument("--program", type=pathlib.Path, required=True)
    parser.add_argument("--trainer", type=pathlib.Path, required=True)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--folder", type=pathlib.Path)
    arguments = parser.parse_args()
    # Whoever is stopped ends what it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    if arguments.seconds is None:
        arguments.seconds = 600 if arguments.mode == "outage" else 1800
    with tempfile.TemporaryDirectory(prefix="monitor-soak-") as scratch:
        folder = arguments.folder or pathlib.Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        report = {"mode": arguments.mode}
        begin = time.monotonic()
        facts = MODES[arguments.mode](arguments, folder, report)
        report["seconds"] = round(time.monotonic() - begin)
    report["facts"] = facts
    print(json.dumps(report, indent=1))
    wrong = [name for name, holds in facts.items() if not holds]
    print(f"{arguments.mode}: " + ("failed: " + "; ".join(wrong) if wrong else "passed"), file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
