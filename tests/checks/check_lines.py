# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks each line of a file of JSON lines against a schema.

    /usr/bin/python3 check_lines.py SCHEMA FILE

Prints the numbers of the lines that do not fit, with what is wrong, then how many lines there were.
Fails when one did not fit, or there was none.
"""

import json
import sys

import jsonschema


def main(schema_file, lines_file):
    with open(schema_file, encoding="utf-8") as stream:
        schema = json.load(stream)
    validator_class = jsonschema.validators.validator_for(schema)
    validator_class.check_schema(schema)
    validator = validator_class(schema)
    count = wrong = 0
    with open(lines_file, encoding="utf-8") as stream:
        for count, line in enumerate(stream, 1):
            error = next(validator.iter_errors(json.loads(line)), None)
            if error is not None:
                wrong += 1
                where = "/".join(map(str, error.absolute_path)) or "line"
                print(f"{count}: {where}: {error.message[:200]}")
    print(f"{count} lines, {wrong} wrong")
    return 0 if count > 0 and wrong == 0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
