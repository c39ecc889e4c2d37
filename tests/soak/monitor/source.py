#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Serves a stream of 320x180 by RTSP, at /live on this machine, and does on request what sources do that fail.

    source.py PORT [CLIP.h264 | CLIP.mp4]

Without a clip it shows moving bars; one in MP4 is served once to each who connects, as it is coded, and knows only
`refuse`. Requests are lines on standard input:

    normal   the picture as it should be, and everybody may see it
    black    a black picture
    frozen   a picture that does not change (of the bars; a clip goes on)
    silent   those who are connected get nothing more; who connects anew does
    refuse   nobody may see it (401), and those who do are cut off
"""

import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

BARS = "videotestsrc name=bars is-live=true pattern=smpte75 horizontal-speed=3"
CLIP = "multifilesrc loop=true location={} ! h264parse ! avdec_h264 ! clocksync ! videoconvert"
AS_IT_IS = "( filesrc location={} ! qtdemux ! h264parse ! rtph264pay name=pay0 pt=96 config-interval=-1 )"
# A keyframe a second.
LINE = ("( {} ! video/x-raw,format=I420,width=320,height=180,framerate=25/1 "
        "! videobalance name=balance ! valve name=valve "
        "! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=25 "
        "! rtph264pay name=pay0 pt=96 config-interval=-1 )")


class Source:
    def __init__(self, port, clip):
        self.request = "normal"
        self.media = None
        self.server = GstRtspServer.RTSPServer()
        self.server.set_address("127.0.0.1")
        self.server.set_service(port)
        factory = GstRtspServer.RTSPMediaFactory()
        as_it_is = clip is not None and clip.endswith(".mp4")
        factory.set_launch(AS_IT_IS.format(clip) if as_it_is else LINE.format(CLIP.format(clip) if clip else BARS))
        factory.set_shared(not as_it_is)
        factory.connect("media-configure", self.on_media)
        self.server.get_mount_points().add_factory("/live", factory)
        if self.server.attach(None) == 0:
            sys.exit(f"source.py: port {port} cannot be had")

    def on_media(self, _factory, media):
        self.media = media.get_element()
        self.show()

    def show(self):
        balance = self.media and self.media.get_by_name("balance")
        if not balance:
            return
        balance.set_property("brightness", -1.0 if self.request == "black" else 0.0)
        balance.set_property("saturation", 0.0 if self.request == "black" else 1.0)
        bars = self.media.get_by_name("bars")
        if bars:
            bars.set_property("horizontal-speed", 0 if self.request == "frozen" else 3)

    def obey(self, request):
        self.request = request
        # That of nobody asks everybody for a password, and takes none.
        self.server.set_auth(GstRtspServer.RTSPAuth() if request == "refuse" else None)
        if request == "refuse":
            self.server.client_filter(lambda _server, _client: GstRtspServer.RTSPFilterResult.REMOVE)
        valve = self.media and self.media.get_by_name("valve")
        if request == "silent" and valve:
            valve.set_property("drop", True)
        self.show()


def main():
    Gst.init(None)
    source = Source(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None)
    loop = GLib.MainLoop()

    def on_line(_channel, condition):
        line = sys.stdin.readline() if condition & GLib.IO_IN else ""
        if not line:
            loop.quit()  # Who started it is gone.
            return False
        source.obey(line.strip())
        return True

    GLib.io_add_watch(sys.stdin, GLib.PRIORITY_DEFAULT, GLib.IO_IN | GLib.IO_HUP, on_line)
    print("ready", flush=True)
    loop.run()


if __name__ == "__main__":
    main()
