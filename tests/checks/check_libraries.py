# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks that the plugin for readers of results loads nothing of what the detector needs.

    python3 check_libraries.py PLUGIN
"""

import re
import subprocess
import sys

HEAVY = r"torch|c10|opencv|dnnl|mkldnn|blas|cudart"


def main(plugin):
    loaded = subprocess.run(["ldd", plugin], check=True, capture_output=True, text=True).stdout
    names = re.findall(r"^\s+(\S+) => ", loaded, re.MULTILINE)
    faults = [name for name in names if re.search(HEAVY, name)]
    # What it does need shows that the list was read.
    if not any(name.startswith("libgstdeepfake-1.0") for name in names):
        faults.append("libgstdeepfake-1.0 is not among its libraries")
    print("\n".join(faults) if faults else f"{len(names)} libraries, none of the detector's")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
