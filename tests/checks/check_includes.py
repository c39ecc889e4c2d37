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
    r"(gst|glib(-[a-z]+)?)[/.]": ("gst/", "trainer/data/video.cpp", "trainer/main.cpp",
                                  "pipelines/monitor/", "tests/"),
    r"CLI/": ("trainer/commands/", "pipelines/monitor/commands/", "tests/bench/"),
    r"toml\+\+/": ("pipelines/monitor/config/",),
    r"libsoup/": ("pipelines/monitor/web/", "pipelines/monitor/outputs/", "tests/monitor/"),
    r"nats/": ("pipelines/monitor/scan/", "tests/monitor/"),
    r"mosquitto\.h": ("pipelines/monitor/outputs/", "tests/monitor/"),
    r"sqlite3\.h": ("pipelines/monitor/store/", "tests/monitor/"),
    r"systemd/": ("pipelines/monitor/service/",),
    r"cairo\.h": ("gst/common/", "tests/"),
    r"(cuda[a-z0-9_]*\.h|c10/cuda/|ATen/cuda/)": ("libdetector/src/cuda/",),
    r"nlohmann/": ("libdetector/src/base/text", "libdetector/src/model/",
                   "gst/results/gstdeepfakejson", "gst/results/gstdeepfakepayload", "trainer/",
                   "pipelines/monitor/base/json", "tests/"),
}

# Our own: a room and what it may use, besides itself. Rooms of libdetector/src and of the trainer
# by their last name.
DETECTOR = "libdetector/include"
ROOMS = {
    "gst/deepfake": (),
    "gst/common": ("gst/deepfake",),
    "gst/detect": ("gst/common", "gst/deepfake", DETECTOR),
    "gst/results": ("gst/common", "gst/deepfake"),
    DETECTOR: (),
    "tests": ("gst", "libdetector", "trainer", "pipelines/monitor"),
}
DETECTOR_ROOMS = {
    "base": (),
    "model": ("base",),
    "traced": ("base", "model"),
    "backbone": ("base", "model", "traced"),
    "face": ("base", "model"),
    "window": ("base", "model"),
    "explain": ("base", "backbone", "window"),
    "decision": ("base",),
    "scoring": ("base", "model", "backbone", "window", "explain"),
    "runtime": ("base", "model", "backbone", "face", "window", "decision", "scoring"),
    # What base and scoring declare for frames and models on a device is defined there.
    "cuda": ("base", "model", "backbone", "window", "explain", "scoring"),
}
for room, used in DETECTOR_ROOMS.items():
    ROOMS["libdetector/src/" + room] = (DETECTOR,) + tuple("libdetector/src/" + u for u in used)

TRAINER_ROOMS = {
    "data": (),
    "samples": ("data",),
    "judging": ("data", "samples", "sheets"),
    "heads": (),
    "training": ("data", "samples", "heads", "judging"),
    "sheets": ("data", "samples"),
    "drawn": ("data",),
    "import": ("data",),
    "commands": ("data", "samples", "training", "judging", "sheets", "drawn", "import"),
    "main.cpp": ("commands",),
}
for room, used in TRAINER_ROOMS.items():
    ROOMS["trainer/" + room] = ("libdetector/src", DETECTOR) + tuple("trainer/" + u for u in used)
# One way: config -> streams -> findings -> alarms -> outputs. findings alone knows the element.
MONITOR_ROOMS = {
    "base": (),
    "config": ("base",),
    "streams": ("base", "config"),
    "findings": (),
    "alarms": ("base", "config", "findings"),
    "outputs": ("base", "config", "findings", "alarms", "store"),
    "metrics": (),
    "store": ("base", "alarms"),
    "web": ("base", "alarms", "store"),
    "evidence": ("base", "config", "streams", "findings", "alarms", "store"),
    "service": ("base", "config", "streams", "findings", "alarms", "outputs", "metrics", "store",
                "web", "evidence"),
    "scan": ("base", "config", "streams", "findings", "evidence"),
    "commands": ("base", "config", "streams", "store", "service", "scan"),
    "main.cpp": ("base", "commands"),
}
for room, used in MONITOR_ROOMS.items():
    ROOMS["pipelines/monitor/" + room] = tuple("pipelines/monitor/" + u for u in used)
ROOMS["pipelines/monitor/findings"] += ("gst/deepfake",)
# Frames are mapped as the element maps them.
ROOMS["trainer/data"] += ("gst/detect/gstdeepfakeframe.h",)

# Where the compiler looks for what is not beside the including file.
ROOTS = ("libdetector/include", "libdetector/src", "trainer", "gst/deepfake", "gst/common",
         "gst/detect", "gst/results", "pipelines/monitor", "tests", ".")

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^">]+)')


def is_below(name, place):
    return name == place or name.startswith(place + "/")


def room_of(name):
    return next((room for room in ROOMS if is_below(name, room)), None)


def resolve(project, name, target):
    """The project's file that is included, or none."""
    # Rooms of two programs may have files of one name: a program finds its own.
    roots = sorted(ROOTS, key=lambda root: not is_below(name, root))
    places = [pathlib.PurePosixPath(name).parent.as_posix(), *roots]
    found = next((place for place in places if (project / place / target).is_file()), None)
    return None if found is None else (project / found / target).relative_to(project).as_posix()


def fault_of(project, name, quote, target):
    for pattern, allowed in FOREIGN.items():
        if re.match(pattern, target) and not name.startswith(allowed):
            return "not in this room"
    own = room_of(name)
    if own is None:
        return "this folder is no room that the check knows"
    path = resolve(project, name, target)
    if path is None:
        return "there is no such file in the project" if quote == '"' else None
    if is_below(path, own) or any(is_below(path, used) for used in ROOMS[own]):
        return None
    return f"{own} may not use {room_of(path)}"


def check(project):
    faults = []
    count = 0
    for folder in ("gst", "libdetector", "trainer", "pipelines", "tests"):
        for path in sorted((project / folder).rglob("*")):
            # Precompiled headers are included by the compiler, not by a file.
            if path.suffix not in (".h", ".c", ".cpp", ".cu") or path.parent.name == "pch":
                continue
            count += 1
            name = path.relative_to(project).as_posix()
            for number, line in enumerate(path.read_text().splitlines(), 1):
                found = INCLUDE.match(line)
                fault = found and fault_of(project, name, *found.groups())
                if fault:
                    faults.append(f"{name}:{number}: {found.group(2)}: {fault}")
    if count < 20:
        faults.append(f"only {count} files found below {project}")
    return faults


if __name__ == "__main__":
    found = check(pathlib.Path(sys.argv[1]))
    print("\n".join(found) if found else "all includes follow the arrows")
    sys.exit(1 if found else 0)
