#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What deepfake-monitor itself costs: the processor time of one 1080p25 H.264 stream by RTSP, with the ring of its
evidence and a thumbnail a second, beside that of the same pipeline in gst-launch-1.0.

    cost.py --program build/pipelines/monitor/deepfake-monitor --trainer build/trainer/deepfake-trainer
            [--runs 5] [--seconds 60]

Runs alternate. Prints JSON: each run's share of a core, the medians, and their difference.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

from scene import Source
from watching import WatchingMonitor, processor_seconds, wait_for

# Until everything is loaded and plays evenly.
SETTLE_S = 8
EVIDENCE = "[[stream]]\nid = \"ch1\"\nuri = \"{}\"\nevidence = {{}}\n"


def make_clip(trainer, folder, seconds):
    """A drawn face, 4 Mbit/s, a keyframe a second."""
    drawn = folder / "drawn"
    subprocess.run([trainer, "synthesize", "--output", drawn, "--clips", "8", "--seed", "2", "--seconds", "8"],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    clip = folder / "clip.mp4"
    subprocess.run(["ffmpeg", "-v", "error", "-stream_loop", "-1", "-i", drawn / "Celeb-real/id0_0000.mp4",
                    "-t", str(seconds), "-vf", "fps=25,scale=-2:1080,pad=1920:1080:-1:-1,setsar=1", "-an",
                    "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-b:v", "4M", "-g", "25",
                    "-pix_fmt", "yuv420p", clip], check=True)
    return clip


def share_of(process, seconds, look):
    """Of a core, user's and system's time, over `seconds`."""
    begin, before = time.monotonic(), processor_seconds(process)
    while time.monotonic() < begin + seconds:
        look()
        time.sleep(1)
    spent, lasted = processor_seconds(process) - before, time.monotonic() - begin
    return spent / lasted


def of_monitor(program, folder, uri, seconds):
    with tempfile.TemporaryDirectory(dir=folder) as place:
        monitor = WatchingMonitor(program, place, EVIDENCE.format(uri))
        monitor.start()
        try:
            wait_for(lambda: monitor.streams().get("ch1", {}).get("live"), 30, "the stream plays")
            time.sleep(SETTLE_S)
            return share_of(monitor.process.pid, seconds,
                            lambda: monitor.get("/api/v1/streams/ch1/thumbnail.jpg"))
        finally:
            if monitor.stop() != 0:
                raise RuntimeError("deepfake-monitor failed")


def of_gst_launch(uri, seconds):
    process = subprocess.Popen(["gst-launch-1.0", "-q", "uridecodebin", f"uri={uri}", "!", "videoconvert", "!",
                                "deepfakedetect", "messages=every-window", "!", "fakesink", "sync=false"])
    try:
        time.sleep(SETTLE_S + 2)
        share = share_of(process.pid, seconds, lambda: None)
        if process.poll() is not None:
            raise RuntimeError("gst-launch-1.0 ended")
        return share
    finally:
        process.terminate()
        process.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", type=pathlib.Path, required=True)
    parser.add_argument("--trainer", type=pathlib.Path, required=True)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=60)
    arguments = parser.parse_args()
    runs = {"monitor": [], "gst_launch": []}
    with tempfile.TemporaryDirectory(prefix="monitor-cost-") as scratch:
        folder = pathlib.Path(scratch)
        source = Source("ch1", str(make_clip(arguments.trainer, folder, arguments.seconds + 60)))
        source.start()
        uri = source.uri.replace("rtsp://", "rtspt://")
        try:
            for number in range(arguments.runs):
                runs["monitor"].append(of_monitor(arguments.program, folder, uri, arguments.seconds))
                runs["gst_launch"].append(of_gst_launch(uri, arguments.seconds))
                print(f"{number + 1} of {arguments.runs} runs", file=sys.stderr)
        finally:
            source.kill()
    percent = {name: [round(100 * share, 2) for share in shares] for name, shares in runs.items()}
    medians = {name: statistics.median(shares) for name, shares in percent.items()}
    print(json.dumps({"seconds": arguments.seconds, "percent_of_a_core": percent, "medians": medians,
                      "own": round(medians["monitor"] - medians["gst_launch"], 2)}, indent=1))


if __name__ == "__main__":
    main()
