#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Plays videos through deepfakedetect and prints a line for each face that it followed.

    pipelines/verdicts.py - clip.mp4

A small player that reads the bus through GstDeepfake, as a program of its own would. Needs the
packages python3-gi and gir1.2-gstreamer-1.0, and an installed deepfakedetect or

    export GI_TYPELIB_PATH=build/gst/deepfake LD_LIBRARY_PATH=build/gst/deepfake
    export GST_PLUGIN_PATH=build/gst/detect

Exits with 0 when every clip was judged, 1 when one was not (the others are judged all the same), 2
when its arguments are wrong, 130 after Ctrl-C.
"""

import argparse
import os
import signal
import sys
from contextlib import closing

SHIPPED = "-"  # The model that comes with the plugin.
SOURCE = "uridecodebin name=source ! videoconvert name=picture ! "
DETECT = "deepfakedetect name=detect messages=on-change "
JUDGE = SOURCE + DETECT + "! fakesink sync=false"
# What is drawn and encoded anew is turned first: mp4mux keeps no rotation. Constant quality makes it
# about as large as it was.
ANNOTATE = (SOURCE + "videoflip video-direction=auto ! " + DETECT + "overlay=boxes+labels "
            "! videoconvert ! video/x-raw,format=I420 "
            "! x264enc speed-preset=veryfast pass=qual quantizer=21 "
            "! h264parse ! mp4mux name=mux ! filesink name=annotated")
# Sound that mp4mux takes as it is coded, and what parses it.
SOUND = {"audio/mpeg": "mpegaudioparse", "audio/x-ac3": "ac3parse", "audio/x-eac3": "ac3parse",
         "audio/x-opus": "opusparse"}
DECODED = ("video/x-raw(ANY);audio/x-raw(ANY);text/x-raw;closedcaption/x-cea-608;"
           "closedcaption/x-cea-708;subpicture/x-dvd;subpicture/x-dvb;subpicture/x-pgs")
NO_LIBRARY = """\
{error}
This needs the packages python3-gi and gir1.2-gstreamer-1.0, and of deepfakedetect the library with its
GstDeepfake-1.0.typelib: install it, or set GI_TYPELIB_PATH and LD_LIBRARY_PATH to gst/deepfake in the
build folder, and GST_PLUGIN_PATH to gst/detect there."""

try:
    import gi
    gi.require_version("Gst", "1.0")
    gi.require_version("GstDeepfake", "1.0")
    from gi.repository import GLib, Gst, GstDeepfake
    Report, Event = GstDeepfake.DeepfakeReport, GstDeepfake.DeepfakeEvent
    # A typelib is found before its library is: only a call tells.
    GstDeepfake.deepfake_reason_from_name("none")
except Exception as problem:  # pylint: disable=broad-except
    sys.exit(NO_LIBRARY.format(error=f"verdicts.py: {problem}"))


class Failed(Exception):
    """This clip was not judged; the next one may be."""


class Hopeless(Exception):
    """No clip will be judged."""


def describe(name, face):
    subject = "picture" if face.track_id == 0 else f"track {face.track_id}"
    line = f"{name}: {subject}: {face.verdict.value_nick}"
    if face.probability >= 0:
        line += f", probability {face.probability:.3f}"
    elif face.score >= 0:
        line += f", score {face.score:.3f}"
    else:
        line += f", no score ({face.reason})"
    if face.evidence == GstDeepfake.DeepfakeEvidence.SEAM and face.seam_probability >= 0:
        line += f", seam {face.seam_probability:.3f}"
    if face.evidence == GstDeepfake.DeepfakeEvidence.GENERATED and face.generated_probability >= 0:
        line += f", generated {face.generated_probability:.3f}"
    if face.partial:
        return line + f", partial: only {face.samples} samples, the window never filled"
    return line + f", {face.windows} windows over {face.samples} samples"


def lost_faces(message):
    """The faces of a message that tells of the end of their track."""
    try:
        report = Report.new_from_message(message)
    except TypeError:  # A constructor that gave NULL.
        raise Failed("a message of deepfakedetect is damaged, or of another version than the "
                     "library GstDeepfake: install both from one source") from None
    if report.get_event() != Event.TRACK_LOST:
        return
    for i in range(report.get_n_faces()):
        yield report.get_face(i)  # There as long as the report is.


class Player:
    """Plays one clip. Pads come on other threads, which tell the bus alone."""

    def __init__(self, clip, args):
        try:
            self.pipeline = Gst.parse_launch(ANNOTATE if args.output else JUDGE)
        except GLib.Error as problem:  # An element is missing.
            raise Hopeless(problem.message) from None
        self.bus = self.pipeline.get_bus()
        self.lacks = []
        self.detect = self.pipeline.get_by_name("detect")
        if args.model != SHIPPED:
            self.detect.set_property("model-file", args.model)
        Gst.util_set_object_arg(self.detect, "inference-region", args.region)
        if args.output:
            self.pipeline.get_by_name("annotated").set_property("location", args.output)
        source = self.pipeline.get_by_name("source")
        # An address, unlike a text, takes names of any bytes.
        source.set_property("uri", Gst.filename_to_uri(os.path.abspath(clip)))
        source.connect("no-more-pads", self.tell_missing_video)
        if args.output:
            source.set_property("caps", Gst.Caps.from_string(";".join((*SOUND, DECODED))))
            source.connect("pad-added", self.keep_sound)

    def keep_sound(self, _source, pad):
        """Takes a track of sound along as it is coded."""
        coded = pad.query_caps(None).get_structure(0)
        parser = SOUND.get(coded.get_name())
        if parser is None:
            return
        if coded.get_name() == "audio/mpeg" and coded.get_value("mpegversion") != 1:
            parser = "aacparse"
        # The encoder holds some seconds of the picture back, and the sound of that time waits.
        track = Gst.parse_bin_from_description(
            f"{parser} ! queue max-size-time=0 max-size-bytes=0 max-size-buffers=0", True)
        self.pipeline.add(track)
        track.link(self.pipeline.get_by_name("mux"))
        track.sync_state_with_parent()
        pad.link(track.get_static_pad("sink"))

    def tell_missing_video(self, source):
        """Without a pad of video, nothing would ever come."""
        if not self.pipeline.get_by_name("picture").get_static_pad("sink").is_linked():
            nothing = Gst.Structure.new_empty("no-video")
            self.pipeline.post_message(Gst.Message.new_application(source, nothing))

    def messages(self):
        """The messages of deepfakedetect, up to the end of the clip."""
        kinds = (Gst.MessageType.ERROR | Gst.MessageType.EOS | Gst.MessageType.ELEMENT
                 | Gst.MessageType.APPLICATION)
        try:
            playing = self.pipeline.set_state(Gst.State.PLAYING) != Gst.StateChangeReturn.FAILURE
            while True:
                # Waking up now and then lets Ctrl-C through.
                message = self.bus.timed_pop_filtered(Gst.SECOND // 10, kinds)
                if message is None:
                    if not playing:
                        raise Failed("cannot be played")
                elif message.type == Gst.MessageType.EOS:
                    return
                elif message.type == Gst.MessageType.ERROR:
                    raise self.failure(message)
                elif message.has_name("no-video"):
                    raise Failed(self.lacking() or "no video in it")
                elif message.has_name("missing-plugin"):
                    self.lacks.append(message.get_structure().get_string("name"))
                elif message.has_name("deepfakedetect"):
                    yield message
        finally:
            self.pipeline.set_state(Gst.State.NULL)

    def failure(self, message):
        error = message.parse_error().gerror
        stream, core = Gst.stream_error_quark(), Gst.core_error_quark()
        if message.src == self.detect:
            # Its settings and its model are the same for every clip.
            mild = error.matches(stream, Gst.StreamError.FAILED)
            return (Failed if mild else Hopeless)(error.message)
        if any(error.matches(stream, kind)
               for kind in (Gst.StreamError.TYPE_NOT_FOUND, Gst.StreamError.WRONG_TYPE)):
            return Failed(f"no video in it: {error.message}")
        if (error.matches(core, Gst.CoreError.MISSING_PLUGIN)
                or error.matches(stream, Gst.StreamError.CODEC_NOT_FOUND)):
            return Failed(self.lacking() or error.message)
        return Failed(error.message)

    def lacking(self):
        if not self.lacks:
            return None
        return (f"GStreamer lacks: {', '.join(self.lacks)}; try the packages gstreamer1.0-libav, "
                "gstreamer1.0-plugins-good, -bad and -ugly")


def judge(clip, name, args):
    if not os.path.isfile(clip) or not os.access(clip, os.R_OK):
        raise Failed("no such file, or not readable")
    found = False
    with closing(Player(clip, args).messages()) as messages:
        for message in messages:
            for face in lost_faces(message):
                print(describe(name, face), flush=True)
                found = True
    if not found:
        print(f"{name}: undecided, no face was found", flush=True)


def check(parser, args):
    if len(args.clips) > 1 and (args.name or args.output):
        parser.error("--name and --output are for one CLIP")
    for name in (args.model, args.output or ""):
        try:
            name.encode()
        except UnicodeEncodeError:
            parser.error(f"{name!a}: is no UTF-8, which only the name of a CLIP need not be")
    for name in (args.model, *args.clips):
        if args.output and os.path.exists(args.output) and os.path.exists(name) \
                and os.path.samefile(args.output, name):
            parser.error(f"{args.output}: would be written over while it is read")


def main():
    parser = argparse.ArgumentParser(prog="verdicts.py", description=__doc__.partition("\n")[0])
    parser.add_argument("--name", help="stands before the lines; the clip's own by default")
    parser.add_argument("--region", choices=("faces", "full-frame"), default="faces",
                        help="what is judged; a model is made for one of them")
    parser.add_argument("-o", "--output", metavar="OUT.mp4",
                        help="writes the video with boxes and labels, and its sound")
    parser.add_argument("model", metavar="MODEL", help="a model file of deepfake-trainer; - for the plugin's own")
    parser.add_argument("clips", metavar="CLIP", nargs="+", help="a file with video in it")
    args = parser.parse_args()
    check(parser, args)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="surrogateescape")  # Names of files as they are.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Who reads no further ends us.

    Gst.init(None)
    if Gst.ElementFactory.find("deepfakedetect") is None:
        print("verdicts.py: there is no deepfakedetect: install it, or set GST_PLUGIN_PATH to "
              "build/gst/detect; gst-inspect-1.0 -b says why a plugin was not loaded",
              file=sys.stderr)
        return 1
    failed = False
    for clip in args.clips:
        name = args.name or os.path.basename(clip)
        try:
            judge(clip, name, args)
        except Failed as problem:
            print(f"verdicts.py: {clip}: {problem}", file=sys.stderr)
            failed = True
        except Hopeless as problem:
            print(f"verdicts.py: {problem}", file=sys.stderr)
            return 1
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
