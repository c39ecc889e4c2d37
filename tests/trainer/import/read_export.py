# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads exported checkpoints for the tests; fails with words where one is not as it should be.

    read_export.py archive FILE          the zip archive and the pickle in it, without PyTorch
    read_export.py values FILE EXPECTED  the tensors that torch.load gives: EXPECTED is a JSON list of
                                         {"name", "dtype", "shape", "bytes" (hexadecimal)}
    read_export.py strict FILE           loads FILE into the seed recipe's class by its own names
    read_export.py logit FILE FOLDER     the class's logit of FOLDER's pictures (*.ppm) with the mean
                                         and std of FOLDER/input.json, printed
"""

import json
import pathlib
import pickletools
import struct
import sys
import zipfile

SAFE_OPCODES = {"PROTO", "GLOBAL", "BINPUT", "BINGET", "EMPTY_TUPLE", "REDUCE", "MARK", "BINUNICODE",
                "BINPERSID", "BININT", "BININT1", "BININT2", "LONG1", "TUPLE", "NEWFALSE",
                "SETITEMS", "STOP"}
SAFE_GLOBALS = {"collections OrderedDict", "torch._utils _rebuild_tensor_v2"}


def require(condition, text):
    if not condition:
        sys.exit(text)


def check_archive(path):
    raw = pathlib.Path(path).read_bytes()
    with zipfile.ZipFile(path) as archive:
        require(archive.testzip() is None, "a checksum is wrong")
        names = archive.namelist()
        require(names[0] == "archive/data.pkl" and len(set(names)) == len(names), f"names: {names}")
        require(archive.read("archive/version") == b"3\n", "version")
        require(archive.read("archive/byteorder") == b"little", "byteorder")
        for entry in archive.infolist():
            require(entry.compress_type == zipfile.ZIP_STORED, f"{entry.filename} is compressed")
            name, extra = struct.unpack_from("<HH", raw, entry.header_offset + 26)
            place = entry.header_offset + 30 + name + extra
            require(place % 64 == 0, f"{entry.filename} lies at {place}")
            require(raw[place:place + entry.file_size] == archive.read(entry), "places disagree")
        pickle = archive.read("archive/data.pkl")
    for opcode, argument, _ in pickletools.genops(pickle):
        require(opcode.name in SAFE_OPCODES, f"opcode {opcode.name}")
        if opcode.name == "GLOBAL":
            module, name = argument.split()
            require(argument in SAFE_GLOBALS or (module == "torch" and name.endswith("Storage")),
                    f"global {argument}")


def check_values(path, expected):
    import torch
    types = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16, "I64": torch.int64}
    state = torch.load(path, weights_only=True)
    wanted = json.loads(pathlib.Path(expected).read_text())
    require(list(state) == [tensor["name"] for tensor in wanted], f"names: {list(state)}")
    for tensor in wanted:
        found = state[tensor["name"]]
        require(found.dtype == types[tensor["dtype"]], f"{tensor['name']}: {found.dtype}")
        require(list(found.shape) == tensor["shape"], f"{tensor['name']}: {list(found.shape)}")
        require(found.is_contiguous(), f"{tensor['name']}: strides {found.stride()}")
        raw = found.reshape(-1).view(torch.uint8).numpy().tobytes() if found.numel() > 0 else b""
        require(raw.hex() == tensor["bytes"], f"{tensor['name']}: {raw.hex()}")


def seed_network(path):
    import torch
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
    from seed_network import DeepFakeDetector
    torch.set_num_threads(1)
    model = DeepFakeDetector()
    # As many people as InceptionResnetV1(pretrained="vggface2") knows.
    model.feature_extractor.logits = torch.nn.Linear(512, 8631)
    model.load_state_dict(torch.load(path, weights_only=True))
    return model.eval()


def print_logit(path, folder):
    import numpy
    import torch
    model = seed_network(path)
    rule = json.loads((folder / "input.json").read_text())
    mean, std = (torch.tensor(rule[key]).view(3, 1, 1) for key in ("mean", "std"))
    frames = []
    for picture in sorted(folder.glob("*.ppm")):
        _, size, _, pixels = picture.read_bytes().split(b"\n", 3)
        width, height = map(int, size.split())
        pixels = numpy.frombuffer(pixels, numpy.uint8).reshape(height, width, 3).copy()
        frames.append((torch.from_numpy(pixels).permute(2, 0, 1).float() - mean) / std)
    model.classifier = model.classifier[:-1]  # Without the sigmoid.
    with torch.no_grad():
        print(json.dumps(model(torch.stack(frames).unsqueeze(0)).item()))


if __name__ == "__main__":
    what, arguments = sys.argv[1], sys.argv[2:]
    if what == "archive":
        check_archive(arguments[0])
    elif what == "values":
        check_values(*arguments)
    elif what == "strict":
        seed_network(arguments[0])
    elif what == "logit":
        print_logit(arguments[0], pathlib.Path(arguments[1]))
    else:
        sys.exit(__doc__)
