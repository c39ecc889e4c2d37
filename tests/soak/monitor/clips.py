# SPDX-License-Identifier: LGPL-2.1-or-later
"""What clips of alarms have to be: begun at a keyframe, and long enough before."""

import collections
import datetime
import subprocess

# Between a connection's first picture and the word that it plays.
TOLD_LATE_S = 0.3


def _seconds(time):
    return datetime.datetime.fromisoformat(time).timestamp()


def _begins_at_keyframe(path):
    flags = subprocess.run(["ffprobe", "-v", "error", "-select_streams", "v", "-read_intervals", "%+#1",
                            "-show_entries", "packet=flags", "-of", "csv=p=0", path],
                           capture_output=True, text=True, check=False).stdout
    return flags.startswith("K")


def check(monitor, pre_roll_s):
    """How many there were, and how many began in mid-picture, later than `pre_roll_s` before their alarm and than
    their connection, or could not be made. Only those that are still kept can be looked into."""
    played = collections.defaultdict(list)
    started = {}
    counts = {"clips": 0, "looked_into": 0, "no_keyframe": 0, "too_short": 0, "failed": 0}
    for event in monitor.told():
        data = event["data"]
        if data.get("state") == "playing":
            played[data["stream"]["id"]].append(_seconds(event["time"]))
        elif "alarm" in data and "started_at" in data["alarm"]:
            started[data["alarm"]["id"]] = _seconds(data["alarm"]["started_at"])
        elif "clip" in data and data["clip"]["state"] == "failed":
            counts["failed"] += 1
        elif "clip" in data and "begins_at" in data["clip"]:
            alarm = started[data["clip"]["alarm"]]
            connected = max(time for time in played[data["stream"]["id"]] if time <= alarm + TOLD_LATE_S)
            counts["clips"] += 1
            wanted = max(alarm - pre_roll_s, connected)
            counts["too_short"] += _seconds(data["clip"]["begins_at"]) > wanted + TOLD_LATE_S
            for path in monitor.state.glob(f"evidence/*/*/{data['clip']['alarm']}/clip.*"):
                if path.suffix != ".json":
                    counts["looked_into"] += 1
                    counts["no_keyframe"] += not _begins_at_keyframe(path)
    return counts


def are_right(counts):
    return counts["clips"] > 0 and not (counts["no_keyframe"] or counts["too_short"] or counts["failed"])
