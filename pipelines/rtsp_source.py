#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Serves a bare H.264 stream by RTSP on this machine, over and over.

    pipelines/rtsp_source.py VIDEO.h264 [--port 18554]

Needs the packages python3-gi and gir1.2-gst-rtsp-server-1.0. Runs until Ctrl-C; exits with 1 when the
port cannot be had.
"""

import argparse
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

# Encoded anew, so that the times go on where the file begins again.
LINE = ('( multifilesrc loop=true location="{}" ! h264parse ! avdec_h264 ! clocksync ! videoconvert '
        '! video/x-raw,format=I420 ! x264enc tune=zerolatency speed-preset=veryfast key-int-max=25 '
        '! rtph264pay name=pay0 pt=96 config-interval=-1 )')


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("video")
    parser.add_argument("--port", default="18554")
    arguments = parser.parse_args()
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(arguments.port)
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(LINE.format(arguments.video))
    factory.set_shared(True)
    server.get_mount_points().add_factory("/live", factory)
    if server.attach(None) == 0:
        print(f"rtsp_source.py: port {arguments.port} cannot be had", file=sys.stderr)
        return 1
    print(f"serving rtsp://127.0.0.1:{arguments.port}/live", file=sys.stderr)
    try:
        GLib.MainLoop().run()
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
