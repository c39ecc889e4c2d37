#!/usr/bin/python3
"""Writes traced networks for the importer's tests with Debian's python3-torch.

write_traced.py NAME HOW FOLDER: the network NAME, made by HOW (trace, grad, script, freeze), as
FOLDER/network.pt, with an input of two and what Python makes of it: raw floats, input.raw and
output.raw. Of tiny and tiny_clip pictures and their score besides.
"""
import os
import sys
import warnings
from typing import Tuple

import torch
from torch import nn


class Tiny(nn.Module):
    """A convolution, a norm and two logits: what needs no torchvision."""

    def __init__(self, numbers=2):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.norm = nn.BatchNorm2d(8)
        self.last = nn.Linear(8, numbers)

    def classify(self, x):
        x = torch.relu(self.norm(self.conv(x)))
        return self.last(x.mean((2, 3)))

    def forward(self, x):
        return self.classify(x)


class TinyClip(Tiny):
    """The same for clips [N, T, 3, S, S], frame by frame: sizes hang on the batch."""

    def forward(self, x):
        n, t = x.size(0), x.size(1)
        x = self.classify(x.flatten(0, 1))
        return x.view(n, t, -1).mean(1)


class OneLogit(Tiny):
    def __init__(self):
        super().__init__(1)

    def forward(self, x):
        return self.classify(x)[:, 0]


class Branching(Tiny):
    def forward(self, x):
        y = self.classify(x)
        if y.sum() > 0:
            y = -y
        return y


class Looping(Tiny):
    def forward(self, x):
        y = self.classify(x)
        for _ in range(x.size(0)):
            y = y + 1
        return y


class Asserting(Tiny):
    def forward(self, x):
        assert x.dim() == 4, "four dimensions"
        y = self.classify(x)
        if self.training:
            y = y * 0
        return y


class Random(Tiny):
    def forward(self, x):
        return self.classify(x) + torch.randn(1)


class Mixing(Tiny):
    """What it gives for an input hangs on the others."""

    def forward(self, x):
        y = self.classify(x)
        return y - y.mean(0, keepdim=True)


class Fixed(Tiny):
    """A number of inputs that is written into the code."""

    def forward(self, x):
        return self.classify(x).reshape(1, 2)


class Stateful(Tiny):
    """A part with code that loads it."""

    @torch.jit.export
    def __getstate__(self):
        return (self.training,)

    @torch.jit.export
    def __setstate__(self, state: Tuple[bool]):
        self.training = state[0]


class Elementwise(nn.Module):
    """Many operators of little weight."""

    def __init__(self):
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.group = nn.GroupNorm(2, 4)
        self.instance = nn.InstanceNorm2d(4)
        self.acts = nn.Sequential(nn.ELU(), nn.LeakyReLU(0.2), nn.PReLU(), nn.Mish(), nn.Softplus(),
                                  nn.Hardtanh(-2, 2), nn.ReLU6(), nn.GELU(), nn.Tanh(), nn.SELU())
        self.up = nn.ConvTranspose2d(3, 4, 2, stride=2)

    def forward(self, x):
        y = self.acts(self.instance(self.group(self.up(x))))
        y = nn.functional.interpolate(y, scale_factor=0.5, mode="bilinear", align_corners=False)
        y = nn.functional.interpolate(y, size=(y.shape[2] // 2, 8))
        y = nn.functional.pad(y, (1, 1, 0, 0), mode="reflect")[:, :, ::2, 1:-1]
        y = torch.where(y > 0.5, y, y * 0.5).masked_fill(y < -1, float("-inf")).clamp(-3, 3)
        a, b = y.chunk(2, 1)
        y = torch.cat([a.softmax(-1), b / (b.norm(dim=1, keepdim=True) + 1)], 1)
        y = y.flatten(1, 2)
        y = y + self.attention(y, y, y)[0]
        z = nn.functional.normalize(y.roll(1, 2), dim=-1)
        z = torch.einsum("nld,nmd->nlm", z, y) + torch.arange(y.shape[1]).to(y.dtype) * 0.01
        return torch.stack([z.amax((1, 2)), z.std((1, 2)), z.var((1, 2), unbiased=False)], 1)


class Separable(nn.Sequential):
    """A convolution of each channel by itself and one over channels, as Xception has them."""

    def __init__(self, inputs, outputs):
        super().__init__(nn.Conv2d(inputs, inputs, 3, padding=1, groups=inputs, bias=False),
                         nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs))


class Xception(nn.Module):
    """Xception (Chollet 2017) in small: its blocks, with the rectifiers in place."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, 2, bias=False), nn.BatchNorm2d(8),
                                  nn.ReLU(inplace=True))
        self.block = nn.Sequential(Separable(8, 16), nn.ReLU(inplace=True), Separable(16, 16),
                                   nn.MaxPool2d(3, 2, 1))
        self.skip = nn.Sequential(nn.Conv2d(8, 16, 1, 2, bias=False), nn.BatchNorm2d(16))
        self.last = nn.Sequential(nn.ReLU(inplace=False), Separable(16, 16))
        self.classes = nn.Linear(16, 2)

    def forward(self, x):
        x = self.stem(x)
        x = self.block(x) + self.skip(x)
        x = nn.functional.relu(x + self.last(x), inplace=True)
        return self.classes(nn.functional.adaptive_avg_pool2d(x, (1, 1)).flatten(1))


class ClipBlock(nn.Module):
    """A layer of CLIP's picture encoder (Radford et al. 2021), tokens before the batch as there."""

    def __init__(self, width, mask):
        super().__init__()
        self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = nn.MultiheadAttention(width, 4)
        self.widen, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.mask = mask

    def forward(self, x):
        y = self.first(x)
        mask = None if self.mask is None else self.mask.to(dtype=y.dtype, device=y.device)
        x = x + self.attention(y, y, y, need_weights=False, attn_mask=mask)[0]
        y = self.widen(self.second(x))
        return x + self.narrow(y * torch.sigmoid(1.702 * y))


class Clip(nn.Module):
    """CLIP's picture encoder in small, its first token projected."""

    def __init__(self, width=32):
        super().__init__()
        self.patches = nn.Conv2d(3, width, 16, 16, bias=False)
        self.first = nn.Parameter(torch.randn(width))
        self.places = nn.Parameter(torch.randn(17, width))
        self.before, self.after = nn.LayerNorm(width), nn.LayerNorm(width)
        self.blocks = nn.Sequential(ClipBlock(width, None),
                                    ClipBlock(width, torch.zeros(17, 17).fill_diagonal_(-1)))
        self.projection = nn.Parameter(torch.randn(width, 8) / width ** 0.5)

    def forward(self, x):
        x = self.patches(x)
        x = x.reshape(x.shape[0], x.shape[1], -1).permute(0, 2, 1)
        first = self.first.to(x.dtype) + torch.zeros(x.shape[0], 1, x.shape[-1], dtype=x.dtype,
                                                     device=x.device)
        x = self.before(torch.cat([first, x], dim=1) + self.places.to(x.dtype))
        x = self.blocks(x.permute(1, 0, 2)).permute(1, 0, 2)
        return self.after(x[:, 0, :]) @ self.projection


class TimmBlock(nn.Module):
    """Attention with one product for queries, keys and values, as timm writes it."""

    def __init__(self):
        super().__init__()
        self.patches = nn.Conv2d(3, 32, 16, 16)
        self.norm = nn.LayerNorm(32, eps=1e-6)
        self.qkv, self.proj = nn.Linear(32, 96), nn.Linear(32, 32)
        self.scale = nn.Parameter(0.1 * torch.ones(32))

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2)
        B, N, C = x.shape
        qkv = self.qkv(self.norm(x)).reshape(B, N, 3, 4, C // 4).permute(2, 0, 3, 1, 4)
        q, k, v = qkv.unbind(0)
        attention = (q @ k.transpose(-2, -1) * (C // 4) ** -0.5).softmax(dim=-1)
        y = (attention @ v).transpose(1, 2).reshape(B, N, C)
        return (x + self.scale * self.proj(y)).mean(1)


TINY = {"tiny": Tiny, "tiny_clip": TinyClip, "one_logit": OneLogit, "branching": Branching,
        "looping": Looping, "asserting": Asserting, "random": Random, "mixing": Mixing,
        "fixed": Fixed, "stateful": Stateful, "elementwise": Elementwise, "xception": Xception, "clip": Clip,
        "timm_block": TimmBlock}
SIZES = {"vit_b_16": 224, "swin_t": 224, "r3d_18": 48}


def make(name):
    if name in TINY:
        return TINY[name]()
    from torchvision import models
    return getattr(models, name, None)() if hasattr(models, name) else getattr(models.video, name)()


def write_scored(model, name, folder):
    """Five pictures, and score.raw: the second class's logit minus the first's."""
    pictures = (torch.rand(5, 64, 64, 3) * 256).to(torch.uint8)
    for i, picture in enumerate(pictures):
        with open(os.path.join(folder, f"picture{i}.ppm"), "wb") as file:
            file.write(b"P6 64 64 255\n" + picture.numpy().tobytes())
    inputs = (pictures.permute(0, 3, 1, 2).float() - 127.5) / 127.5
    with torch.no_grad():
        logits = model(inputs[None])[0] if name == "tiny_clip" else model(inputs).mean(0)
    (logits[1:] - logits[:1]).numpy().tofile(os.path.join(folder, "score.raw"))


def main(name, how, folder):
    warnings.simplefilter("ignore")
    torch.manual_seed(7)
    model = make(name)
    for weights in model.parameters():  # A new ViT's last layer is nothing but zeros.
        if not weights.any():
            nn.init.normal_(weights, std=0.05)
    for part in model.modules():  # Norms of a made-up past: those of a new one change nothing.
        if isinstance(part, nn.modules.batchnorm._BatchNorm):
            part.running_mean.uniform_(-0.2, 0.2)
            part.running_var.uniform_(0.5, 1.5)
    model.eval()
    side = SIZES.get(name, 64)
    shape = {"r3d_18": (2, 3, 8, side, side), "tiny_clip": (2, 5, 3, side, side)}.get(
        name, (2, 3, side, side))
    inputs = torch.rand(shape) * 2 - 1
    with torch.set_grad_enabled(how == "grad"):
        if how in ("script", "freeze"):
            made = torch.jit.script(model)
        else:
            made = torch.jit.trace(model, inputs[:1], check_trace=False)
        if how == "freeze":
            made = torch.jit.freeze(made)
        made.save(os.path.join(folder, "network.pt"))
        outputs = torch.cat([model(one) for one in inputs.split(1)])
    if name in ("tiny", "tiny_clip"):
        write_scored(model, name, folder)
    inputs.numpy().tofile(os.path.join(folder, "input.raw"))
    outputs.detach().float().numpy().tofile(os.path.join(folder, "output.raw"))


if __name__ == "__main__":
    main(*sys.argv[1:])
