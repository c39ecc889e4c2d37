# SPDX-License-Identifier: LGPL-2.1-or-later
"""The same as end_while_playing.c, from Python, as programs with a main loop are written.

    /usr/bin/python3 end_while_playing.py LINE MILLISECONDS

The bus's callbacks hold the pipeline, so the interpreter does not take it apart while it plays.
"""

import sys

import gi

gi.require_version("Gst", "1.0")
from gi.repository import GLib, Gst


class Player:
    def __init__(self, line, milliseconds):
        self.milliseconds = milliseconds
        self.ended = None
        self.loop = GLib.MainLoop()
        self.pipeline = Gst.parse_launch(line)
        bus = self.pipeline.get_bus()
        bus.add_signal_watch()
        bus.connect("message", self.on_message)

    def on_message(self, _bus, message):
        if self.ended is None and message.type in (Gst.MessageType.ERROR, Gst.MessageType.ELEMENT):
            self.ended = message.type
            GLib.timeout_add(self.milliseconds, self.loop.quit)

    def run(self):
        self.pipeline.set_state(Gst.State.PLAYING)
        GLib.timeout_add_seconds(120, self.loop.quit)
        self.loop.run()
        return 0 if self.ended == Gst.MessageType.ELEMENT else "no message of the element"


Gst.init(None)
player = Player(sys.argv[1], int(sys.argv[2]))
sys.exit(player.run())
