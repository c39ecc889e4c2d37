# SPDX-License-Identifier: LGPL-2.1-or-later
"""Streams, the monitor that watches them and those that it tells, all on this machine."""

import contextlib
import pathlib
import signal
import subprocess
import threading
import time

from receivers import Broker, Prometheus, Webhook, free_port
from watching import WatchingMonitor, wait_for

SOURCE = pathlib.Path(__file__).with_name("source.py")
PRE_ROLL_S = 5
# Alarms that come and go within seconds, so that there are many; the rest is as it is shipped.
DEFAULTS = f"""
[defaults]
stall_timeout_s = 3
first_frame_timeout_s = 10
backoff = {{min_ms = 500, max_ms = 2000}}
[defaults.alarm]
rules = ["face", "down", "frozen", "black"]
window_s = 1
hold_s = 2
cooldown_s = 0
[defaults.evidence]
pre_roll_s = {PRE_ROLL_S}
post_roll_s = 2
max_clip_s = 30
[evidence]
max_bytes = 30e6
"""


class Source:
    """A server of its own process, always at the same port."""

    def __init__(self, name, clip=None):
        self.name = name
        self.port = free_port()
        self.clip = clip
        self.uri = f"rtsp://127.0.0.1:{self.port}/live"
        self.process = None

    def start(self):
        command = ["/usr/bin/python3", SOURCE, str(self.port)] + ([self.clip] if self.clip else [])
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline() != "ready\n":
            raise RuntimeError(f"the source {self.name} does not start")

    def ask(self, request):
        self.process.stdin.write(request + "\n")
        self.process.stdin.flush()

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    def hang(self):
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)


def draw_clip(trainer, folder, bars_s):
    """Bare H.264 of 320x180: a drawn forgery for 10 s, then bars for `bars_s`, which may be 0."""
    drawn = folder / "drawn"
    subprocess.run([trainer, "synthesize", "--output", drawn, "--clips", "8", "--seed", "2", "--seconds", "10"],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    clip = folder / "clip.h264"
    inputs = ["-i", drawn / "Celeb-synthesis/id0_id1_0000.mp4"]
    picture = "[0:v]fps=25,crop=320:180"
    if bars_s:
        inputs += ["-f", "lavfi", "-i", f"testsrc2=size=320x180:rate=25:duration={bars_s}"]
        picture += "[a];[a][1:v]concat=n=2"
    # Neither made smaller nor coarser: the forgery would not be found any more.
    subprocess.run(["ffmpeg", "-v", "error", *inputs, "-filter_complex", picture, "-c:v", "libx264", "-crf", "12",
                    "-pix_fmt", "yuv420p", "-f", "h264", clip], check=True)
    return clip


class Scene:
    """`streams` streams with all that belongs to them. Where there are several the first two show a forgery: for 10 s,
    then bars for 14 s; or all the time."""

    def __init__(self, arguments, folder, streams, all_forged=False, environment=None):
        self.folder = pathlib.Path(folder)
        clip = draw_clip(arguments.trainer, self.folder, 0 if all_forged else 14) if streams > 2 else None
        self.sources = [Source(f"ch{number}", clip if number < 2 else None) for number in range(streams)]
        self.broker = Broker(folder)
        self.webhook = Webhook()
        config = DEFAULTS + "".join(f'[[stream]]\nid = "{one.name}"\nuri = "{one.uri}"\n' for one in self.sources)
        config += (f'[[output.mqtt]]\nurl = "mqtt://127.0.0.1:{self.broker.relay.port}"\nheartbeat_s = 10\n'
                   f'[[output.webhook]]\nurl = "http://127.0.0.1:{self.webhook.port}/"\nheartbeat_s = 10\n')
        self.monitor = WatchingMonitor(arguments.program, folder, config, environment)
        self.prometheus = None
        self.looking = threading.Event()

    def __enter__(self):
        with contextlib.ExitStack() as undo:
            undo.callback(self._end)
            for source in self.sources:
                source.start()
            self.broker.start()
            self.monitor.start()
            self.prometheus = Prometheus(self.folder, self.monitor.address)
            threading.Thread(target=self._look, daemon=True).start()
            undo.pop_all()
        return self

    def __exit__(self, *_error):
        self._end()

    def _end(self):
        self.looking.set()
        processes = [source.process for source in self.sources]
        processes += [self.monitor.process, self.broker.process, self.broker.subscriber,
                      self.prometheus and self.prometheus.process]
        for process in processes:
            if process and process.poll() is None:
                process.kill()
                process.wait()

    def _look(self):
        """As a page does, which asks for pictures."""
        while not self.looking.wait(1):
            for source in self.sources:
                self.monitor.get(f"/api/v1/streams/{source.name}/thumbnail.jpg")

    def all_play(self):
        streams = self.monitor.streams()
        return len(streams) == len(self.sources) and all(one["live"] for one in streams.values())

    def is_calm(self):
        """All streams play, nothing waits to be told, and no fault's alarm is open."""
        metrics = self.monitor.metrics()
        faults = [value for (name, labels), value in metrics.items()
                  if name == "deepfake_alarm_state" and 'rule="face"' not in labels]
        queues = [value for (name, _), value in metrics.items()
                  if name in ("deepfake_output_queue_length", "deepfake_store_queue_length")]
        return self.all_play() and queues and not any(queues) and not any(state in (1, 2) for state in faults)

    def calm_figures(self, seconds=40):
        """The least of each for a time, for clips that are being made take memory, files and threads, too."""
        wait_for(self.is_calm, 300, "everything is calm")
        found = []
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found.append(self.monitor.figures())
            time.sleep(0.5)
        return {name: min(one[name] for one in found) for name in found[0]}

    def counted(self, name):
        """The sum of a counter over all its labels but the stream, by these."""
        sums = {}
        for (metric, labels), value in self.monitor.metrics().items():
            if metric == f"deepfake_{name}":
                rest = ",".join(label for label in labels.split(",") if not label.startswith("stream="))
                sums[rest] = sums.get(rest, 0) + int(value)
        return sums
