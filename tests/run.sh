#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Installs what is missing, builds, and runs all tests.
#
#   tests/run.sh [--sanitize address,undefined] [ARGUMENTS OF meson test...]
#
# Closes with one line that counts the single tests, and fails when one failed or none ran.
set -euo pipefail
cd "$(dirname "$0")/.."

options=()
limits=()
if [ "${1:-}" = --sanitize ]; then
    [ $# -ge 2 ] || { echo "run.sh: --sanitize needs a list such as address,undefined" >&2; exit 2; }
    export BUILD=${BUILD:-build-sanitize}
    options=("-Db_sanitize=$2" -Db_lundef=false)
    # Sanitized code is several times slower, and the time limits are there against hanging only.
    limits=(--timeout-multiplier 8)
    shift 2
fi
export BUILD=${BUILD:-build}
export PACKAGES="pipelines/packages.txt pipelines/monitor/packages.txt tests/packages.txt"
pipelines/setup.sh "${options[@]}"

# An old report must not be counted when meson test does not get as far as writing one.
rm -f "$BUILD/meson-logs/testlog.junit.xml"
status=0
meson test -C "$BUILD" --no-rebuild --print-errorlogs "${limits[@]}" "$@" || status=$?
python3 tests/count.py "$BUILD/meson-logs/testlog.junit.xml" || status=1
exit "$status"
