# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks that strict validators take a JSON schema (draft 7): ajv's strict mode refuses these.

    python3 check_schema.py SCHEMA

A keyword of objects, arrays, strings or numbers where no `type` says that there is one; a name in
`required` that is not in `properties` beside it; several types; items as a tuple; half an `if`; any
keyword that is not below (`format` too, which ajv alone does not know). Prints where they are and
fails.
"""

import json
import sys

TYPED = {
    "object": ("properties", "required", "dependencies", "additionalProperties", "propertyNames",
               "patternProperties", "minProperties", "maxProperties"),
    "array": ("items", "contains", "minItems", "maxItems", "uniqueItems"),
    "string": ("pattern", "minLength", "maxLength"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
}
NEEDS = {keyword: name for name, keywords in TYPED.items() for keyword in keywords}
UNTYPED = ("$schema", "$id", "$ref", "$comment", "title", "description", "default", "examples",
           "definitions", "type", "enum", "const", "if", "then", "else", "not", "allOf", "anyOf",
           "oneOf")

# What the schemas inside a keyword's value judge: the same value as around it, or another one.
SAME = ("if", "then", "else", "not", "allOf", "anyOf", "oneOf", "dependencies")
OTHER = ("items", "contains", "additionalProperties", "propertyNames")
OTHERS_BY_NAME = ("properties", "patternProperties", "definitions")


def children(keyword, value):
    if keyword in OTHERS_BY_NAME or keyword == "dependencies":
        # A dependency may be a list of names, too.
        return [(f"/{name}", child) for name, child in value.items() if not isinstance(child, list)]
    if isinstance(value, list):
        return [(f"/{i}", child) for i, child in enumerate(value)]
    return [("", value)]


def check(schema, where="#", type_around=None):
    """The faults of a schema; `type_around` is what is known of the value that it judges."""
    if isinstance(schema, bool):
        return []
    faults = []
    type_here = schema.get("type", type_around)
    if isinstance(type_here, list):
        faults.append(f"{where}: several types")
    if ("if" in schema) != ("then" in schema or "else" in schema):
        faults.append(f"{where}: \"if\" goes with \"then\" or \"else\"")
    for keyword, value in schema.items():
        needed = NEEDS.get(keyword)
        if needed is None and keyword not in UNTYPED:
            faults.append(f"{where}: unknown keyword \"{keyword}\"")
            continue
        if needed and needed != ("number" if type_here == "integer" else type_here):
            faults.append(f"{where}: \"{keyword}\" without \"type\": \"{needed}\"")
        if keyword == "required":
            faults += [f"{where}: \"{name}\" is required, but not in properties"
                       for name in value if name not in schema.get("properties", {})]
        if keyword == "items" and isinstance(value, list):
            faults.append(f"{where}: items as a tuple")
        if keyword in SAME + OTHER + OTHERS_BY_NAME:
            for name, child in children(keyword, value):
                faults += check(child, f"{where}/{keyword}{name}",
                                type_here if keyword in SAME else None)
    return faults


def main(file):
    with open(file, encoding="utf-8") as stream:
        faults = check(json.load(stream))
    print("\n".join(faults) if faults else f"{file}: strict")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
