# SPDX-License-Identifier: LGPL-2.1-or-later
"""A deepfake-monitor that is watched from outside: by /metrics, /proc, what it wrote and its database."""

import json
import os
import pathlib
import re
import sqlite3
import subprocess
import time
import urllib.error
import urllib.request

SAMPLE = re.compile(r'^(\w+)(?:\{(.*)\})? (\S+)$')


def wait_for(fact, seconds, what):
    """What `fact` gives, once that is something; TimeoutError after `seconds`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = fact()
        if found:
            return found
        time.sleep(0.05)
    raise TimeoutError(f"within {seconds} s: {what}")


def processor_seconds(process):
    """User's and system's, of all threads so far; by its id."""
    fields = (pathlib.Path("/proc") / str(process) / "stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def place_of(descriptor):
    """What a link in /proc/ID/fd leads to; empty where it is closed by now."""
    try:
        return os.readlink(descriptor)
    except OSError:
        return ""


class WatchingMonitor:
    """`deepfake-monitor run` with its state in `folder`, at a port that the system chose."""

    def __init__(self, program, folder, config, environment=None):
        self.program = program
        self.folder = pathlib.Path(folder)
        self.state = self.folder / "state"
        self.log = self.folder / "log"
        self.lines = self.folder / "events.jsonl"
        self.config = self.folder / "monitor.toml"
        self.environment = {**os.environ, **(environment or {})}
        self.config.write_text('version = 1\n[monitor]\nlisten = "127.0.0.1:0"\n'
                               f'state_dir = "{self.state}"\n{config}\n'
                               f'[[output.jsonl]]\npath = "{self.lines}"\n')
        self.process = None
        self.address = None

    def start(self, seconds=60):
        """Waits until it is ready, and returns when (time.monotonic) that was."""
        already = self.log.stat().st_size if self.log.exists() else 0
        with open(self.log, "a") as log:
            self.process = subprocess.Popen([self.program, "run", self.config], stderr=log,
                                            env=self.environment)
        self.address = wait_for(lambda: self._address_in(already), seconds, "it listens")
        wait_for(lambda: self.get("/readyz") is not None, seconds, "it is ready")
        return time.monotonic()

    def _address_in(self, begin):
        if self.process.poll() is not None:
            raise RuntimeError(f"deepfake-monitor ended with {self.process.returncode}: see {self.log}")
        with open(self.log) as log:
            log.seek(begin)
            found = re.search(r"listening on (\S+)\n", log.read())
        return found and found.group(1)

    def stop(self):
        self.process.terminate()
        return self.process.wait(60)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def get(self, path):
        """Its body, or None where the answer is no 200."""
        try:
            with urllib.request.urlopen(self.address + path, timeout=10) as answer:
                return answer.read()
        except (urllib.error.URLError, OSError):
            return None

    def metrics(self):
        """{(name, labels as they stand there): value}; empty where it does not answer."""
        found = (SAMPLE.match(line) for line in (self.get("/metrics") or b"").decode().splitlines())
        return {(one[1], one[2] or ""): float(one[3]) for one in found if one}

    def streams(self):
        return {one["id"]: one for one in json.loads(self.get("/api/v1/streams") or b'{"items":[]}')["items"]}

    def figures(self):
        """Its resident memory in kB, sockets, other descriptors, and threads."""
        folder = pathlib.Path("/proc") / str(self.process.pid)
        status = (folder / "status").read_text()
        places = [place_of(link) for link in (folder / "fd").iterdir()]
        sockets = sum(place.startswith("socket:") for place in places)
        return {"rss_kb": int(re.search(r"VmRSS:\s+(\d+)", status)[1]),
                "sockets": sockets,
                "descriptors": len(places) - sockets,
                "threads": int(re.search(r"Threads:\s+(\d+)", status)[1])}

    def query(self, text):
        """Rows of its database."""
        database = sqlite3.connect(f"file:{self.state}/state.sqlite?mode=ro", uri=True, timeout=10)
        try:
            return database.execute(text).fetchall()
        finally:
            database.close()

    def told(self):
        """The events of its JSON lines, in their order."""
        if not self.lines.exists():
            return []
        with open(self.lines) as lines:
            return [json.loads(line) for line in lines if line.endswith("\n")]
