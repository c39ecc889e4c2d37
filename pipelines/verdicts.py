# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads gst-launch-1.0 -m from stdin and prints one line for each track that ended.

    python3 pipelines/verdicts.py NAME < LOG

A program of its own would read the bus; this reads what gst-launch prints.
"""

import re
import sys


def field(text, name):
    found = re.search(rf"\b{name}=\([a-z0-9]+\)([^,;]+)", text)
    return found.group(1).strip() if found else None


def faces(message):
    """The text of each face's structure, without the escapes of a structure inside another."""
    return message.replace("\\", "").partition("faces=")[2].split('"face, ')[1:]


def describe(name, text):
    track = field(text, "track-id")
    subject = "picture" if track == "0" else f"track {track}"
    line = f"{name}: {subject}: {field(text, 'verdict')}"
    probability = field(text, "probability")
    score = field(text, "score")
    if probability is not None:
        line += f", probability {float(probability):.3f}"
    elif score is not None:
        line += f", score {float(score):.3f}"
    else:
        line += f", no score ({field(text, 'reason')})"
    samples = field(text, "samples")
    if field(text, "partial") == "true":
        line += f", partial: only {samples} samples, the window never filled"
    else:
        line += f", {field(text, 'windows')} windows over {samples} samples"
    return line


def main(name):
    lines = []
    for message in sys.stdin:
        if "deepfakedetect" in message and "event=(string)track-lost" in message:
            lines += [describe(name, text) for text in faces(message)]
    print("\n".join(lines) if lines else f"{name}: undecided, no face was found")


if __name__ == "__main__":
    main(sys.argv[1])
