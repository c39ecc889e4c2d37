# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks docs/element-reference.md's properties against gst-inspect-1.0.

    python3 check_reference.py PROJECT
"""

import pathlib
import re
import subprocess
import sys

BASE_CLASS = {"name", "parent", "qos"}  # Not ours to document.


def main(project):
    printed = subprocess.run(["gst-inspect-1.0", "deepfakedetect"], check=True,
                             capture_output=True, text=True).stdout
    _, _, properties = printed.partition("Element Properties:")
    element = set(re.findall(r"^  ([a-z-]+) +: ", properties, re.MULTILINE)) - BASE_CLASS
    page = (pathlib.Path(project) / "docs/element-reference.md").read_text()
    table = page.partition("## Properties")[2].partition("## Message")[0]
    documented = set(re.findall(r"^\| `([a-z-]+)` \|", table, re.MULTILINE))
    for name in sorted(element ^ documented):
        where = "the element" if name in documented else "docs/element-reference.md"
        print(f"{name} is missing in {where}")
    print(f"{len(element & documented)} properties agree")
    return 0 if element and element == documented else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
