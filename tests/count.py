# SPDX-License-Identifier: LGPL-2.1-or-later
"""Counts the single tests in Meson's JUnit report, and prints "N passed, M failed, K skipped".

Fails when a test failed, when none ran, or when there is no report.
"""

import sys
import xml.etree.ElementTree as ElementTree


def outcome(case):
    if case.find("failure") is not None or case.find("error") is not None:
        return "failed"
    if case.find("skipped") is not None or case.get("result") == "skipped":
        return "skipped"
    return "passed"


def main(path):
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    try:
        report = ElementTree.parse(path).getroot()
    except (OSError, ElementTree.ParseError) as error:
        print(f"count.py: no test report: {error}", file=sys.stderr)
        report = []
    for suite in report:
        cases = list(suite.iter("testcase"))
        for case in cases:
            counts[outcome(case)] += 1
        # A program that crashed leaves no cases, but its suite has the failure.
        if not cases and int(suite.get("failures", 0)) + int(suite.get("errors", 0)) > 0:
            counts["failed"] += 1
    print(f"{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped")
    return 0 if counts["failed"] == 0 and counts["passed"] > 0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
