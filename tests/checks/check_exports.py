# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks that what libdeepfake-detector exports of ours is its public interface.

    python3 check_exports.py LIBRARY
"""

import re
import subprocess
import sys

# What the headers mark with DFD_API.
PUBLIC = re.compile(r"^(?:(?:vtable|typeinfo|typeinfo name) for )?dfd::"
                    r"(?:Error|Engine|Session)(?:::|$)|^dfd::(?:to_string|iou|same_boxes)\(")
# LibTorch's headers and the standard library's leave symbols of their own behind.
OURS = re.compile(r"^(?:(?:vtable|typeinfo|typeinfo name|VTT|guard variable) for )?dfd::")
NEEDED = ("dfd::Engine::load(", "dfd::Session::create(", "typeinfo for dfd::Error", "dfd::iou(")


def main(library):
    listing = subprocess.run(["nm", "-DC", "--defined-only", library], check=True,
                             capture_output=True, text=True).stdout
    symbols = [line.split(" ", 2)[2] for line in listing.splitlines() if line.count(" ") >= 2]
    ours = [symbol for symbol in symbols if OURS.match(symbol)]
    faults = [f"{symbol}: is exported, but not public" for symbol in ours
              if not PUBLIC.match(symbol)]
    faults += [f"{start}: is not exported" for start in NEEDED
               if not any(symbol.startswith(start) for symbol in ours)]
    print("\n".join(faults) if faults else f"{len(ours)} public symbols")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
