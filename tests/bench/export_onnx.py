# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes the seed's backbone, with random weights, as ONNX for deepfake-bench.

    /usr/bin/python3 tests/bench/export_onnx.py backbone.onnx
    DEEPFAKE_BENCH_ONNX=backbone.onnx DEEPFAKE_BENCH_ONNXRUNTIME=libonnxruntime.so.1 \
        build/tests/deepfake-bench --only backbone_against_onnxruntime
"""

import pathlib
import sys

import torch

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "support"))
import seed_network  # noqa: E402

network = seed_network.InceptionResnetV1().eval()
batch = {"crops": {0: "n"}, "embeddings": {0: "n"}}
torch.onnx.export(network, torch.randn(2, 3, 160, 160), sys.argv[1], opset_version=13,
                  input_names=["crops"], output_names=["embeddings"], dynamic_axes=batch)
