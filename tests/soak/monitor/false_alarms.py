#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Counts the face alarms of deepfake-monitor on clips of real people: each is a false one.

    false_alarms.py --program build/pipelines/monitor/deepfake-monitor [--seconds 240] [--at-once 4] CLIP...

Clips are streams that play over and over at their own pace, --at-once of them for --seconds each. Prints JSON:
alarms, hours of video played and judged, and alarms a stream-day of video with the exact 95 % interval of a Poisson
count. Clips that come round show the same again, so the interval holds for these clips, not for the world.
"""

import argparse
import fractions
import json
import math
import pathlib
import subprocess
import sys
import tempfile
import time

from watching import WatchingMonitor

DAY = 86400


def poisson_interval(count, level=0.95):
    """Exact (Garwood): the means for which so few, and so many, are just not too unlikely."""
    def at_most(most, mean):
        return sum(math.exp(-mean + k * math.log(mean) - math.lgamma(k + 1)) for k in range(most + 1))

    def mean_where(is_too_high):
        low, high = 1e-9, 10.0 * (count + 10)
        for _ in range(100):
            middle = (low + high) / 2
            low, high = (low, middle) if is_too_high(middle) else (middle, high)
        return low

    tail = (1 - level) / 2
    least = 0.0 if count == 0 else mean_where(lambda mean: 1 - at_most(count - 1, mean) > tail)
    return least, mean_where(lambda mean: at_most(count, mean) < tail)


def frame_rate(clip):
    rate = subprocess.run(["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "stream=avg_frame_rate",
                           "-of", "csv=p=0", clip], capture_output=True, text=True, check=True).stdout
    return float(fractions.Fraction(rate.strip()))


def watch(program, clips, seconds):
    """Of each clip: seconds of video that were played and judged, and face alarms that fired."""
    with tempfile.TemporaryDirectory(prefix="soak-false-") as folder:
        streams = "".join(f'[[stream]]\nid = "clip{number}"\nuri = "{clip.resolve().as_uri()}"\n'
                          for number, clip in enumerate(clips))
        monitor = WatchingMonitor(program, folder, streams)
        monitor.start()
        time.sleep(seconds)
        metrics = monitor.metrics()
        if monitor.stop() != 0:
            raise RuntimeError("deepfake-monitor failed")
        alarms = dict(monitor.query("SELECT stream, count(*) FROM alarms "
                                    "WHERE rule = 'face' AND fired_at IS NOT NULL GROUP BY stream"))

    def value(name, number):
        return metrics.get((f"deepfake_{name}", f'stream="clip{number}"'), 0)

    return [{"clip": str(clip), "alarms": alarms.get(f"clip{number}", 0),
             # Less than --seconds where the processor is short.
             "played_s": round(value("frames_total", number) / frame_rate(clip), 1),
             "judged_s": round(value("judged_seconds_total", number), 1)}
            for number, clip in enumerate(clips)]


def total(rows):
    alarms = sum(row["alarms"] for row in rows)
    days = sum(row["played_s"] for row in rows) / DAY
    least, most = poisson_interval(alarms)
    return {"clips": len(rows), "clips_with_alarms": sum(row["alarms"] > 0 for row in rows),
            "clips_never_judged": sum(row["judged_s"] == 0 for row in rows), "alarms": alarms,
            "stream_hours": round(24 * days, 3),
            "judged_stream_hours": round(sum(row["judged_s"] for row in rows) / 3600, 3),
            "alarms_a_stream_day": round(alarms / days, 1),
            "interval_95": [round(least / days, 1), round(most / days, 1)]}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", type=pathlib.Path, required=True)
    parser.add_argument("--seconds", type=float, default=240)
    parser.add_argument("--at-once", type=int, default=4)
    parser.add_argument("clips", nargs="+", type=pathlib.Path)
    arguments = parser.parse_args()
    rows = []
    for first in range(0, len(arguments.clips), arguments.at_once):
        rows += watch(arguments.program, arguments.clips[first:first + arguments.at_once], arguments.seconds)
        print(f"{len(rows)} of {len(arguments.clips)} clips", file=sys.stderr)
    print(json.dumps({"total": total(rows), "clips": rows}, indent=1))


if __name__ == "__main__":
    main()
