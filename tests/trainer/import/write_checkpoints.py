# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes checkpoints for the importer's tests with Debian's python3-torch.

    write_checkpoints.py tensors FOLDER   a small state_dict in both layouts of torch.save
    write_checkpoints.py seed FOLDER      a checkpoint of the seed recipe's class, 20 pictures, and
                                          the probability Python gives for them
"""

import json
import pathlib
import sys

import numpy
import torch
from torch import nn

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
from seed_network import DeepFakeDetector  # noqa: E402


def write_tensors(folder):
    base = torch.arange(24, dtype=torch.float32).reshape(4, 6)
    tensors = nn.Module()
    tensors.register_buffer("whole", base)
    tensors.register_buffer("transposed", base.t())
    tensors.register_buffer("part", base[1:3, 2:5])
    tensors.register_buffer("counter", torch.tensor(7))
    tensors.register_buffer("small", torch.tensor([0.5, -2.0]).half())
    tensors.linear = nn.Linear(3, 2)
    state = tensors.state_dict()
    torch.save(state, folder / "zip.pth")
    torch.save(state, folder / "legacy.pth", _use_new_zipfile_serialization=False)
    torch.save({"epoch": 3, "state_dict": state}, folder / "wrapped.pth")
    torch.save(tensors, folder / "module.pth")


def write_ppm(path, picture):
    height, width, _ = picture.shape
    path.write_bytes(b"P6\n%d %d\n255\n" % (width, height) + picture.tobytes())


def write_seed(folder):
    torch.manual_seed(3)
    torch.set_num_threads(2)
    model = DeepFakeDetector()
    mean = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
    deviation = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
    numbers = numpy.random.RandomState(5)
    pictures = [numpy.kron(numbers.randint(0, 256, (20, 20, 3)), numpy.ones((8, 8, 1)))
                .astype(numpy.uint8) for _ in range(20)]
    frames = torch.stack([torch.from_numpy(p).permute(2, 0, 1).float() / 255 for p in pictures])
    frames = (frames - mean) / deviation
    with torch.no_grad():
        model.train()
        model.feature_extractor(frames)  # Statistics, so that embeddings differ.
        model.eval()
        probability = model(frames.unsqueeze(0)).item()
    torch.save(model.state_dict(), folder / "seed.pth")
    for i, picture in enumerate(pictures):
        write_ppm(folder / f"frame-{i:02d}.ppm", picture)
    (folder / "expected.json").write_text(json.dumps({"probability": probability}))


if __name__ == "__main__":
    {"tensors": write_tensors, "seed": write_seed}[sys.argv[1]](pathlib.Path(sys.argv[2]))
