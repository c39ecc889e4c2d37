# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks the model that the plugin ships against its card.

    python3 check_model.py MODEL CARD

The card names the file's SHA-256, its threshold, its license and every repository that the file's
attribution names; the file is small enough to be shipped, and says what it was trained on.
"""

import hashlib
import json
import pathlib
import re
import struct
import sys

MOST_BYTES = 6_000_000


def main(model, card):
    data = pathlib.Path(model).read_bytes()
    text = " ".join(pathlib.Path(card).read_text(encoding="utf-8").split())
    (length,) = struct.unpack("<Q", data[:8])
    metadata = json.loads(data[8:8 + length])["__metadata__"]
    faults = []

    def want(holds, fault):
        if not holds:
            faults.append(fault)

    digest = hashlib.sha256(data).hexdigest()
    want(digest in text, f"the card does not name the file's SHA-256, {digest}")
    want(len(data) <= MOST_BYTES, f"the file has {len(data)} bytes, more than {MOST_BYTES}")
    want(metadata.get("license") and metadata["license"] in text,
         "the card names another license, or the file none")
    threshold = f"{float(metadata['threshold']):.2f}"
    want(re.search(rf"threshold, {threshold},", text),
         f"the card names another threshold than {threshold}")
    attribution = metadata.get("attribution", "").replace("docs/model-card.md", "the card")
    for name in re.findall(r"[A-Za-z][\w-]*[A-Z_-][\w-]*|fsgan|dreamtalk", attribution):
        want(name in text, f"the card does not name {name}, which the attribution does")
    want(attribution, "the file has no attribution")
    for key in ("training.data_digest", "training.train_digests", "training.calibration"):
        want(metadata.get(key), f"the file has no {key}")
    for fault in faults:
        print(f"{model}: {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
