# SPDX-License-Identifier: LGPL-2.1-or-later
"""Carries TCP connections to a port of this machine, and stops doing so."""

import select
import socket
import threading


class Relay:
    """To `target`; while that is None nobody is there: who comes is sent away."""

    def __init__(self, target=None):
        self.target = target
        self.held = 0  # Connections up to this number are open, and nothing comes through.
        self.connections = 0
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def hold(self):
        """As when a cable is pulled: nobody says anything, and who connects anew is carried."""
        self.held = self.connections

    def _accept(self):
        while True:
            client, _ = self.listening.accept()
            self.connections += 1
            threading.Thread(target=self._carry, args=(client, self.connections), daemon=True).start()

    def _carry(self, client, number):
        try:
            with client, socket.create_connection(("127.0.0.1", self.target or 0), timeout=5) as server:
                other = {client: server, server: client}
                while True:
                    # Looks up each time for whether it is held.
                    for one in select.select([client, server], [], [], 0.05)[0]:
                        data = one.recv(65536)
                        if not data:
                            return
                        if number > self.held:
                            other[one].sendall(data)
        except OSError:
            pass  # One of them is gone, and so is the other now.
