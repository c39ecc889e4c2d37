# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks docs/element-reference.md against the plugins: every element has a section, and its table
of properties names the same properties with the same defaults and mutability.

    python3 check_reference.py PROJECT

In the table a default of "all" stands for flags that are all set: builds differ in them.
"""

import pathlib
import re
import subprocess
import sys

BASE_CLASS = {"name", "parent", "qos"}  # Not ours to document.
PLUGINS = ("deepfakedetect", "deepfakeresults")


def inspect(*arguments):
    return subprocess.run(["gst-inspect-1.0", *arguments], check=True, capture_output=True,
                          text=True).stdout


def elements():
    """Of each plugin the elements it has, by what gst-inspect-1.0 lists."""
    listed = re.findall(r"^(\w+):  (\w+):", inspect(), re.MULTILINE)
    return {plugin: [name for owner, name in listed if owner == plugin] for plugin in PLUGINS}


def settable(flags):
    if "writable" not in flags:
        return "read-only"
    return "while playing" if "PLAYING" in flags else "in NULL or READY"


def default_of(text, flags):
    found = re.search(r"Default: +(.*)", text)
    if found is None or "writable" not in flags:
        return None  # What is measured has no default worth a word.
    return " ".join(found.group(1).split())


def properties_of(element):
    """Of each property its default, None when it has none, and when it may be set."""
    _, _, listing = inspect(element).partition("Element Properties:")
    found = {}
    blocks = re.split(r"^  ([a-z-]+) +: ", listing.partition("Element Signals:")[0],
                      flags=re.MULTILINE)
    for name, text in zip(blocks[1::2], blocks[2::2]):
        if name in BASE_CLASS:
            continue
        flags = re.search(r"flags: (.*)", text).group(1)
        found[name] = (default_of(text, flags), settable(flags))
    return found


def documented_of(section):
    rows = re.findall(r"^\| `([a-z-]+)` \| ([^|]*) \| ([^|]*) \|",
                      section.partition("| property |")[2].partition("\n\n")[0], re.MULTILINE)
    return {name: (default.strip(), when.strip()) for name, default, when in rows}


def all_flags(default):
    """Whether a printed default such as 0x00000003, "roi+result" has every flag set."""
    value = int(default.split(",")[0], 16)
    return value != 0 and value & (value + 1) == 0


def same(printed, written):
    if printed is None:
        return written in ("-", "null")
    if written == "all":
        return all_flags(printed)
    return printed == written


def compare(element, section):
    faults = []
    real, documented = properties_of(element), documented_of(section)
    for name in sorted(real.keys() | documented.keys()):
        if name not in documented:
            faults.append(f"{element}: {name} is missing in docs/element-reference.md")
        elif name not in real:
            faults.append(f"{element} has no property {name}")
        else:
            if not same(real[name][0], documented[name][0]):
                faults.append(f"{element}: {name}: default {real[name][0]}, not {documented[name][0]}")
            if real[name][1] != documented[name][1]:
                faults.append(f"{element}: {name}: settable {real[name][1]}, not {documented[name][1]}")
    return len(real), faults


def main(project):
    page = (pathlib.Path(project) / "docs/element-reference.md").read_text()
    parts = re.split(r"^## (deepfake[a-z0-9]*)$", page, flags=re.MULTILINE)
    sections = dict(zip(parts[1::2], parts[2::2]))
    found_in = elements()
    faults = [f"gst-inspect-1.0 shows no element of the plugin {plugin}"
              for plugin, names in found_in.items() if not names]
    known = [name for names in found_in.values() for name in names]
    count = 0
    for element in known:
        if element not in sections:
            faults.append(f"{element} has no section in docs/element-reference.md")
            continue
        properties, found = compare(element, sections[element])
        count += properties
        faults += found
    faults += [f"{name} is documented, but is no element" for name in sections if name not in known]
    print("\n".join(faults) if faults else f"{len(known)} elements, {count} properties agree")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
