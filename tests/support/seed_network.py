# SPDX-License-Identifier: LGPL-2.1-or-later
"""The seed recipe's network in PyTorch, for tests that want PyTorch's numbers."""

import torch
from torch import nn


class BasicConv2d(nn.Module):
    def __init__(self, inputs, outputs, **options):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, bias=False, **options)
        self.bn = nn.BatchNorm2d(outputs, eps=0.001)

    def forward(self, x):
        return torch.relu(self.bn(self.conv(x)))


def branch(*convs):
    layers = [BasicConv2d(a, b, **options) for a, b, options in convs]
    return layers[0] if len(layers) == 1 else nn.Sequential(*layers)


class Residual(nn.Module):
    def __init__(self, scale, channels, joined, branches, relu=True):
        super().__init__()
        self.scale, self.relu = scale, relu
        self.count = len(branches)
        for i, convs in enumerate(branches):
            setattr(self, f"branch{i}", branch(*convs))
        self.conv2d = nn.Conv2d(joined, channels, 1)

    def forward(self, x):
        parts = [getattr(self, f"branch{i}")(x) for i in range(self.count)]
        y = self.conv2d(torch.cat(parts, 1)) * self.scale + x
        return torch.relu(y) if self.relu else y


class Reduction(nn.Module):
    def __init__(self, branches):
        super().__init__()
        self.count = len(branches)
        for i, convs in enumerate(branches):
            setattr(self, f"branch{i}", branch(*convs))

    def forward(self, x):
        parts = [getattr(self, f"branch{i}")(x) for i in range(self.count)]
        return torch.cat(parts + [nn.functional.max_pool2d(x, 3, 2)], 1)


def kernel(size, padding=0, stride=1):
    return {"kernel_size": size, "padding": padding, "stride": stride}


class InceptionResnetV1(nn.Module):
    """The network of facenet-pytorch, written down from its published shapes and names."""

    def __init__(self):
        super().__init__()
        self.conv2d_1a = BasicConv2d(3, 32, **kernel(3, 0, 2))
        self.conv2d_2a = BasicConv2d(32, 32, **kernel(3))
        self.conv2d_2b = BasicConv2d(32, 64, **kernel(3, 1))
        self.conv2d_3b = BasicConv2d(64, 80, **kernel(1))
        self.conv2d_4a = BasicConv2d(80, 192, **kernel(3))
        self.conv2d_4b = BasicConv2d(192, 256, **kernel(3, 0, 2))
        one, same = kernel(1), kernel(3, 1)
        self.repeat_1 = nn.Sequential(*[Residual(0.17, 256, 96, [
            [(256, 32, one)], [(256, 32, one), (32, 32, same)],
            [(256, 32, one), (32, 32, same), (32, 32, same)]]) for _ in range(5)])
        two = kernel(3, 0, 2)
        self.mixed_6a = Reduction([[(256, 384, two)],
                                   [(256, 192, one), (192, 192, same), (192, 256, two)]])
        self.repeat_2 = nn.Sequential(*[Residual(0.10, 896, 256, [
            [(896, 128, one)],
            [(896, 128, one), (128, 128, kernel((1, 7), (0, 3))),
             (128, 128, kernel((7, 1), (3, 0)))]]) for _ in range(10)])
        self.mixed_7a = Reduction([[(896, 256, one), (256, 384, two)],
                                   [(896, 256, one), (256, 256, two)],
                                   [(896, 256, one), (256, 256, same), (256, 256, two)]])

        def block8(scale, relu=True):
            return Residual(scale, 1792, 384, [
                [(1792, 192, one)],
                [(1792, 192, one), (192, 192, kernel((1, 3), (0, 1))),
                 (192, 192, kernel((3, 1), (1, 0)))]], relu)

        self.repeat_3 = nn.Sequential(*[block8(0.20) for _ in range(5)])
        self.block8 = block8(1.0, False)
        self.last_linear = nn.Linear(1792, 512, bias=False)
        self.last_bn = nn.BatchNorm1d(512, eps=0.001)
        self.logits = nn.Linear(512, 16)  # 8631 in the published file; the importer drops it.

    def feature_map(self, x):
        x = self.conv2d_2b(self.conv2d_2a(self.conv2d_1a(x)))
        x = nn.functional.max_pool2d(x, 3, 2)
        x = self.conv2d_4b(self.conv2d_4a(self.conv2d_3b(x)))
        return self.repeat_2(self.mixed_6a(self.repeat_1(x)))

    def embed_map(self, x):
        x = self.block8(self.repeat_3(self.mixed_7a(x)))
        x = self.last_bn(self.last_linear(x.mean((2, 3))))
        return nn.functional.normalize(x, p=2, dim=1)

    def forward(self, x):
        return self.embed_map(self.feature_map(x))


class DeepFakeDetector(nn.Module):
    """The seed recipe's model: names, sizes and order of the layers are its interface."""

    def __init__(self):
        super().__init__()
        self.feature_extractor = InceptionResnetV1()
        self.lstm = nn.LSTM(512, 512, num_layers=2, batch_first=True, dropout=0.5)
        self.classifier = nn.Sequential(nn.Linear(512, 256), nn.ReLU(), nn.Dropout(0.5),
                                        nn.Linear(256, 1), nn.Sigmoid())

    def forward(self, clips):
        batch, frames = clips.shape[:2]
        features = self.feature_extractor(clips.flatten(0, 1)).view(batch, frames, -1)
        return self.classifier(self.lstm(features)[0][:, -1, :])
