# SPDX-License-Identifier: LGPL-2.1-or-later
"""Cuts a WebVTT text for HLS, a segment for each of the video's.

    python3 pipelines/vtt_segments.py FOLDER/video.m3u8 FOLDER/verdicts.vtt

Writes beside the text verdicts.m3u8, its segments verdicts00000.vtt and so on, and master.m3u8, which
names both playlists. A cue that crosses a border stands in both segments, with its own times.
"""

import os
import re
import sys
from urllib.parse import unquote

# The PTS that mpegtsmux gives to running time 0: an hour, in units of 1/90000 s.
MPEGTS_OF_ZERO = 324000000
TIME = r"(?:(\d{2,}):)?([0-5]\d):([0-5]\d)\.(\d{3})"
TIMING = re.compile(rf"{TIME}[ \t]+-->[ \t]+{TIME}(?:[ \t].*)?$")


class BadFile(Exception):
    pass


def read(path):
    try:
        with open(path, encoding="utf-8-sig") as file:
            return file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise BadFile(f"{path}: {getattr(error, 'strerror', None) or 'no UTF-8'}") from error


def seconds(hours, minutes, secs, ms):
    return int(hours or 0) * 3600 + int(minutes) * 60 + int(secs) + int(ms) / 1000


def cues_of(path):
    """The blocks before the first cue, and the cues: [text], [(begin, end, text)]."""
    text = read(path)
    if not re.match(r"WEBVTT(?:[ \t\n]|$)", text):
        raise BadFile(f"{path}: does not begin with WEBVTT, so it is no WebVTT")
    head, cues = [], []
    for block in re.split(r"\n{2,}", text.strip("\n"))[1:]:
        lines = block.split("\n")
        timing = next((line for line in lines[:2] if "-->" in line), None)
        if timing is None:
            if not cues:
                head.append(block)
            continue
        found = TIMING.match(timing)
        if not found:
            raise BadFile(f"{path}: no times of a cue: {timing!r}")
        begin, end = seconds(*found.groups()[:4]), seconds(*found.groups()[4:])
        if end <= begin:
            raise BadFile(f"{path}: a cue that ends before it begins: {timing!r}")
        cues.append((begin, end, block))
    return head, cues


def segments_of(path):
    """The video's segments: [(seconds, uri)]."""
    lines = [line.strip() for line in read(path).split("\n")]
    if lines[0] != "#EXTM3U":
        raise BadFile(f"{path}: does not begin with #EXTM3U, so it is no playlist")
    segments, duration = [], None
    for line in lines:
        if line.startswith("#EXTINF:"):
            try:
                duration = float(line[len("#EXTINF:"):].split(",")[0])
            except ValueError:
                raise BadFile(f"{path}: no duration: {line!r}") from None
        elif line and not line.startswith("#"):
            if duration is None:
                raise BadFile(f"{path}: a segment without a duration: {line!r}")
            segments.append((duration, line))
            duration = None
    if not segments:
        raise BadFile(f"{path}: no segments, so there was no video")
    return segments


def cut(head, cues, segments):
    """The text of each segment. What lasts longer than the video stands in the last one."""
    texts, begin = [], 0.0
    for index, (duration, _) in enumerate(segments):
        end = begin + duration if index + 1 < len(segments) else float("inf")
        inside = [text for first, last, text in cues if first < end and last > begin]
        start = f"WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:{MPEGTS_OF_ZERO},LOCAL:00:00:00.000"
        texts.append("\n\n".join([start, *head, *inside]) + "\n\n")
        begin = end
    return texts


def playlist(segments, names):
    longest = max(duration for duration, _ in segments)
    lines = ["#EXTM3U", "#EXT-X-VERSION:3", f"#EXT-X-TARGETDURATION:{int(longest + 0.5)}",
             "#EXT-X-MEDIA-SEQUENCE:0", "#EXT-X-PLAYLIST-TYPE:VOD"]
    for (duration, _), name in zip(segments, names):
        lines += [f"#EXTINF:{duration:.6f},", name]
    return "\n".join([*lines, "#EXT-X-ENDLIST", ""])


def master(folder, segments, video, subtitles):
    """Players choose by the bandwidth, which is that of the largest segment, and by the codec."""
    rate, codecs = 0, ""
    for duration, uri in segments:
        path = os.path.join(folder, unquote(uri))
        try:
            rate = max(rate, 8 * os.path.getsize(path) / max(duration, 0.001))
            if not codecs:
                with open(path, "rb") as file:
                    # Profile and level of H.264, the first bytes of its sequence parameter set.
                    found = re.search(rb"\0\0\x01[\x27\x47\x67](...)", file.read(4096), re.DOTALL)
                codecs = f'CODECS="avc1.{found[1].hex()}",' if found else ""
        except OSError as error:
            raise BadFile(f"{path}: {error.strerror}") from error
    return ("#EXTM3U\n#EXT-X-VERSION:3\n"
            '#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="verdicts",NAME="verdicts",LANGUAGE="en",'
            f'DEFAULT=YES,AUTOSELECT=YES,FORCED=NO,URI="{subtitles}"\n'
            f'#EXT-X-STREAM-INF:BANDWIDTH={int(rate) + 1},{codecs}SUBTITLES="verdicts"\n{video}\n')


def write(folder, name, text):
    path = os.path.join(folder, name)
    try:
        with open(path, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as error:
        raise BadFile(f"{path}: {error.strerror}") from error


def main(video, text):
    folder = os.path.dirname(text) or "."
    stem = os.path.splitext(os.path.basename(text))[0]
    segments = segments_of(video)
    texts = cut(*cues_of(text), segments)
    names = [f"{stem}{index:05d}.vtt" for index in range(len(texts))]
    for name, segment in zip(names, texts):
        write(folder, name, segment)
    write(folder, f"{stem}.m3u8", playlist(segments, names))
    # Last, since whoever finds it takes the rest to be there.
    write(folder, "master.m3u8",
          master(os.path.dirname(video) or ".", segments, os.path.basename(video), f"{stem}.m3u8"))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: vtt_segments.py VIDEO.m3u8 TEXT.vtt")
    try:
        main(*sys.argv[1:])
    except BadFile as error:
        sys.exit(f"vtt_segments.py: {error}")
