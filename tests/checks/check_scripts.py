# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks that each program in pipelines/ and docs/examples/ is run by a test, or says that it is not, and why.

    python3 check_scripts.py PROJECT

Scripts of pipelines/ that another one runs or sources are run with it. What is not run says "Not run here" or
"Not run by the tests" in its first lines.
"""

import pathlib
import re
import sys

project = pathlib.Path(sys.argv[1])
RUNS = [path for folder in ("tests", ".ci") for path in (project / folder).rglob("*")
        if path.is_file() and path.name != "check_scripts.py"]
tested = "\n".join(path.read_text(errors="replace") for path in RUNS)
PROGRAMS = [path for folder in ("pipelines", "docs/examples") for path in (project / folder).rglob("*")
            if path.suffix in (".sh", ".py", ".c", ".yaml", ".cpp") and "monitor" not in path.parts[:-1]
            or path.name == "Containerfile"]
MARK = re.compile(r"not run (here|by the tests)", re.IGNORECASE)


def is_run(path, seen=()):
    if path.name in tested:
        return True
    others = [other for other in PROGRAMS if other not in (path, *seen)
              and re.search(rf"(?<![\w.-]){re.escape(path.name)}", code_of(other))]
    return any(is_run(other, (path, *seen)) or is_marked(other) for other in others)


def code_of(path):
    """Without comments, which only tell of other scripts."""
    return "\n".join(line for line in path.read_text(errors="replace").splitlines()
                     if not line.lstrip().startswith("#"))


def is_marked(path):
    return MARK.search("\n".join(path.read_text(errors="replace").splitlines()[:25]))


if not PROGRAMS:
    sys.exit("there are no programs: is this the project's folder?")
faults = 0
for program in sorted(PROGRAMS):
    if not is_marked(program) and not is_run(program):
        print(f"{program.relative_to(project)}: no test runs it; run it, or say why not "
              '("Not run by the tests: ...")')
        faults += 1
sys.exit(1 if faults else 0)
