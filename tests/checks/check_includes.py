# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks that includes follow the arrows between the rooms (docs/architecture.md).

    python3 check_includes.py PROJECT
"""

import pathlib
import re
import sys

# Includes of other projects, and the rooms that may have them.
FOREIGN = {
    r"(torch|ATen|c10)/": ("libdetector/src/", "trainer/", "tests/"),
    r"opencv2/": ("libdetector/src/", "trainer/", "tests/"),
    r"(gst|glib|glib-object)[/.]": ("gst/", "trainer/video.cpp", "trainer/main.cpp", "tests/"),
    r"cairo\.h": ("gst/",),
    r"(cuda[a-z0-9_]*\.h|c10/cuda/|ATen/cuda/)": ("libdetector/src/cuda/",),
    r"nlohmann/": ("libdetector/src/base/text", "libdetector/src/model/",
                   "gst/plugin/gstdeepfakejson", "gst/plugin/gstdeepfakepayload", "trainer/",
                   "tests/"),
}

# Inside libdetector/src: a room and the rooms it may use, besides its own.
ROOMS = {
    "base": (),
    "model": ("base",),
    "backbone": ("base", "model"),
    "face": ("base", "model"),
    "window": ("base", "model"),
    "explain": ("base", "backbone", "window"),
    "decision": ("base",),
    "runtime": ("base", "model", "backbone", "face", "window", "explain", "decision"),
    # What base and runtime declare for frames and models on a device is defined there.
    "cuda": ("base", "model", "backbone", "window", "explain", "runtime"),
}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^">]+)')


def check(project):
    faults = []
    files = [path for folder in ("gst", "libdetector", "trainer", "tests")
             for path in (project / folder).rglob("*")
             if path.suffix in (".h", ".c", ".cpp", ".cu")]
    for path in sorted(files):
        name = path.relative_to(project).as_posix()
        for number, line in enumerate(path.read_text().splitlines(), 1):
            found = INCLUDE.match(line)
            if not found:
                continue
            target = found.group(2)
            fault = fault_of(name, target)
            if fault:
                faults.append(f"{name}:{number}: {target}: {fault}")
    if len(files) < 20:
        faults.append(f"only {len(files)} files found below {project}")
    return faults


def fault_of(name, target):
    for pattern, allowed in FOREIGN.items():
        if re.match(pattern, target) and not name.startswith(allowed):
            return "not in this room"
    room = target.split("/")[0]
    inside = name.split("/")
    if name.startswith("libdetector/include/") and "/" in target and room != "detector":
        return "public headers use the standard library only"
    if name.startswith("libdetector/src/"):
        own = inside[2]
        if room in ROOMS and "/" in target and room != own and room not in ROOMS[own]:
            return f"{own} may not use {room}"
    if name.startswith("gst/") and room in ROOMS and "/" in target:
        return "gst uses the public headers only"
    return None


if __name__ == "__main__":
    found = check(pathlib.Path(sys.argv[1]))
    print("\n".join(found) if found else "all includes follow the arrows")
    sys.exit(1 if found else 0)
