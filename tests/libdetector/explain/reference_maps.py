# SPDX-License-Identifier: LGPL-2.1-or-later
"""PyTorch's Grad-CAM and HiResCAM of a window of pictures, with all weights and pixels by formula.

    reference_maps.py     prints {"logit", "grad-cam": [64], "hires-cam": [64]}

The formula is that of tests/data/*.json; backbone from number 0, head from 2000, pixels 9001. The
whole window goes through torch.nn.LSTM, in float64.
"""

import json
import pathlib
import sys

import numpy
import torch

TESTS = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TESTS / "support"))
from seed_network import DeepFakeDetector  # noqa: E402

WINDOW = 4


def formula(k, shape):
    i = numpy.arange(numpy.prod(shape, dtype=numpy.int64)).astype(numpy.uint32)
    with numpy.errstate(over="ignore"):
        x = i * numpy.uint32(2654435761) + numpy.uint32(k * 40503 + 12345)
        x ^= x >> numpy.uint32(15)
        x *= numpy.uint32(2246822519)
        x ^= x >> numpy.uint32(13)
    return torch.from_numpy((x / 4294967296.0).reshape(shape))


def weights(file, first):
    for k, (name, shape) in enumerate(json.loads((TESTS / "data" / file).read_text())["keys"]):
        r = formula(first + k, shape)
        if "running_var" in name:
            value = r + 0.5
        elif "running_mean" in name or "bias" in name:
            value = 0.2 * (r - 0.5)
        elif "bn.weight" in name:
            value = 0.8 + 0.4 * r
        else:
            value = (2 * r - 1) * (3 / numpy.prod(shape[1:])) ** 0.5 * 2 ** 0.5
        yield name, value.float()


def activation_map(activations, gradient, method):
    if method == "grad-cam":
        gradient = gradient.mean((1, 2), keepdim=True)
    cam = (gradient * activations).sum(0).clamp_min(0)
    return (cam / cam.max() if cam.max() > 0 else cam).flatten().tolist()


def main():
    torch.set_num_threads(2)
    model = DeepFakeDetector()
    state = dict(weights("lstm_head.json", 2000))
    for name, value in weights("inception_resnet_v1.json", 0):
        state["feature_extractor." + name] = value
    unset = model.load_state_dict(state, strict=False)
    assert not unset.unexpected_keys, unset
    model = model.double().eval()
    backbone = model.feature_extractor
    frames = (2 * formula(9001, (WINDOW, 3, 160, 160)) - 1).float().double()
    with torch.no_grad():
        earlier = backbone(frames[:-1])
        activations = backbone.feature_map(frames[-1:])
    activations.requires_grad_()
    embeddings = torch.cat([earlier, backbone.embed_map(activations)]).unsqueeze(0)
    logit = model.classifier[:-1](model.lstm(embeddings)[0][:, -1])
    logit.sum().backward()
    result = {"logit": logit.item()}
    for method in ("grad-cam", "hires-cam"):
        result[method] = activation_map(activations.detach()[0], activations.grad[0], method)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
