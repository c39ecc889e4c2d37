#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Fails when the numbers of two model files differ by more than that anywhere.

    compare_models.py MODEL MODEL TOLERANCE
"""

import json
import sys

import numpy


def tensors_of(path):
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        content = file.read()
    header.pop("__metadata__", None)
    types = {"F32": "<f4", "I64": "<i8", "U8": "u1"}
    return {name: numpy.frombuffer(content[slice(*about["data_offsets"])], types[about["dtype"]])
            for name, about in header.items()}


left, right = tensors_of(sys.argv[1]), tensors_of(sys.argv[2])
if left.keys() != right.keys() or not left:
    sys.exit(f"{sys.argv[1]} and {sys.argv[2]}: other tensors")
largest = max(float(abs(left[name].astype(float) - right[name]).max()) for name in left)
print(f"largest difference: {largest}")
if not largest <= float(sys.argv[3]):
    sys.exit(f"{sys.argv[1]} and {sys.argv[2]} differ by {largest}")
