# SPDX-License-Identifier: LGPL-2.1-or-later
"""Those that a monitor tells: a broker with one who listens, a receiver of webhooks, Prometheus; and what they got."""

import http.server
import json
import pathlib
import signal
import socket
import subprocess
import threading
import urllib.parse
import urllib.request

from relay import Relay
from watching import wait_for


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Broker:
    """mosquitto, which forgets everything when it ends, behind a relay, and a subscriber to all topics.

    The relay lets the monitor in only when the subscriber is there again, so that whatever the broker takes is heard.
    """

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.heard = self.folder / "heard"
        self.relay = Relay()
        self.port = free_port()
        config = self.folder / "mosquitto.conf"
        config.write_text(f"listener {self.port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\n")
        self.command = ["mosquitto", "-c", config]
        self.process = self.subscriber = None

    def start(self):
        log = open(self.folder / "mosquitto.log", "a")
        self.process = subprocess.Popen(self.command, stdout=log, stderr=log)
        number = f"probe {self.process.pid}"

        def is_heard():
            subprocess.run(["mosquitto_pub", "-p", str(self.port), "-t", "probe", "-m", number],
                           stderr=subprocess.DEVNULL, check=False)
            return number in self.heard.read_text()

        # %r: a retained one of before tells nothing new.
        wait_for(lambda: self._answers(), 20, "mosquitto answers")
        self.subscriber = subprocess.Popen(["mosquitto_sub", "-p", str(self.port), "-t", "#", "-F", "%r %p"],
                                           stdout=open(self.heard, "a"), stderr=log)
        wait_for(is_heard, 20, "the subscriber hears")
        self.relay.target = self.port

    def _answers(self):
        with socket.socket() as one:
            return one.connect_ex(("127.0.0.1", self.port)) == 0

    def kill(self):
        self.relay.target = None
        self.process.kill()
        self.process.wait()
        # It reads what was on its way before it notices.
        self.subscriber.terminate()
        self.subscriber.wait()

    def hang(self):
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)

    def events(self):
        with open(self.heard) as lines:
            heard = [line[2:] for line in lines if line.startswith("0 {") and line.endswith("\n")]
        return [json.loads(line) for line in heard]


class Webhook:
    """Takes events with 204, unless `status` is another one; 0: no answer at all."""

    def __init__(self):
        self.status = 204
        self.taken = []
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):  # noqa: N802 (http.server's name)
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = receiver.status
                if status == 0:
                    return
                if status == 204:
                    receiver.taken.append(body)
                self.send_response(status)
                self.end_headers()

            def log_message(self, *_arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, status):
        self.status = status

    def events(self):
        return [json.loads(body) for body in list(self.taken)]


class Prometheus:
    """Scrapes `address` each second."""

    def __init__(self, folder, address):
        folder = pathlib.Path(folder) / "prometheus"
        folder.mkdir()
        port = free_port()
        config = folder / "prometheus.yml"
        config.write_text("global: {scrape_interval: 1s, scrape_timeout: 1s}\nscrape_configs:\n  - job_name: monitor\n"
                          f"    static_configs: [{{targets: ['{urllib.parse.urlparse(address).netloc}']}}]\n")
        log = open(folder / "log", "w")
        self.address = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen(["prometheus", f"--config.file={config}", f"--storage.tsdb.path={folder}/data",
                                         f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=log)

    def query(self, text):
        address = f"{self.address}/api/v1/query?query={urllib.parse.quote(text)}"
        with urllib.request.urlopen(address, timeout=10) as answer:
            result = json.load(answer)["data"]["result"]
        return float(result[0]["value"][1]) if result else 0.0

    def scrapes(self):
        """How many there were, and how many of them failed."""
        count = self.query("count_over_time(up[1d])")
        return int(count), int(count - self.query("sum_over_time(up[1d])"))

    def stop(self):
        self.process.terminate()
        self.process.wait()
