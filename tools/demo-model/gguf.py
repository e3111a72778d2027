"""Writing and reading GGUF version 3, as far as the demo model needs it."""
import struct

import numpy as np

from blocks import BLOCK

ALIGNMENT = 32
U32, I32, F32, BOOL, STRING, ARRAY = 4, 5, 6, 7, 8, 9
FORMAT = {U32: "<I", I32: "<i", F32: "<f", BOOL: "<?"}
NAME = {number: name for name, (number, _, _) in BLOCK.items()}


def _string(text):
    raw = text.encode()
    return struct.pack("<Q", len(raw)) + raw


def _value(kind, value):
    if isinstance(kind, list):
        one = kind[0]
        return struct.pack("<IQ", one, len(value)) + b"".join(_value(one, v) for v in value)
    return _string(value) if kind == STRING else struct.pack(FORMAT[kind], value)


def size_of(kind, shape):
    _, values, size = BLOCK[kind]
    return int(np.prod(shape)) // values * size


def write(path, metadata, tensors):
    """metadata: [(key, kind, value)], where [kind] is an array; tensors: [(name, block kind, row-major shape, bytes)]."""
    head = bytearray(b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(metadata)))
    for key, kind, value in metadata:
        head += _string(key) + struct.pack("<I", ARRAY if isinstance(kind, list) else kind) + _value(kind, value)
    at = 0
    for name, kind, shape, data in tensors:
        assert len(data) == size_of(kind, shape), f"{name}: {len(data)} bytes for {shape} of {kind}"
        head += _string(name) + struct.pack("<I", len(shape)) + b"".join(struct.pack("<Q", n) for n
                                                                         in reversed(shape))
        head += struct.pack("<IQ", BLOCK[kind][0], at)
        at += len(data) + -len(data) % ALIGNMENT
    with open(path, "wb") as file:
        file.write(head + bytes(-len(head) % ALIGNMENT))
        for _, _, _, data in tensors:
            file.write(data + bytes(-len(data) % ALIGNMENT))


class _Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def number(self, form):
        (value,) = struct.unpack_from(form, self.data, self.at)
        self.at += struct.calcsize(form)
        return value

    def string(self):
        n = self.number("<Q")
        self.at += n
        return self.data[self.at - n:self.at].decode()

    def value(self, kind):
        if kind == ARRAY:
            one, n = self.number("<I"), self.number("<Q")
            return [self.value(one) for _ in range(n)]
        return self.string() if kind == STRING else self.number(FORMAT[kind])


def read(path):
    """(metadata, {name: (block kind, shape, bytes)})."""
    data = open(path, "rb").read()
    reader = _Reader(data)
    assert data[:4] == b"GGUF", f"{path} is no GGUF file"
    reader.at = 8
    n_tensors, n_keys = reader.number("<Q"), reader.number("<Q")
    metadata = {reader.string(): reader.value(reader.number("<I")) for _ in range(n_keys)}
    infos = []
    for _ in range(n_tensors):
        name, n = reader.string(), reader.number("<I")
        shape = tuple(reversed([reader.number("<Q") for _ in range(n)]))
        infos.append((name, shape, NAME[reader.number("<I")], reader.number("<Q")))
    start = reader.at + -reader.at % ALIGNMENT
    return metadata, {name: (kind, shape, data[start + at:start + at + size_of(kind, shape)]) for name, shape, kind,
                      at in infos}


def dequantise(kind, shape, raw):
    """The values of a tensor, decoded from its bytes alone: a check on `blocks.py`, written the other way round."""
    raw = np.frombuffer(raw, np.uint8)
    if kind == "F32":
        return raw.view(np.float32).reshape(shape).copy()
    if kind == "F16":
        return raw.view(np.float16).astype(np.float32).reshape(shape)
    if kind == "BF16":
        return (raw.view(np.uint16).astype(np.uint32) << 16).view(np.float32).reshape(shape)
    b = raw.reshape(-1, BLOCK[kind][2])

    def half(columns):
        return np.ascontiguousarray(b[:, columns]).view(np.float16).astype(np.float32)

    if kind == "Q8_0":
        x = half(slice(0, 2)) * b[:, 2:].view(np.int8)
    elif kind == "Q5_0":
        fifth = np.unpackbits(b[:, 2:6], axis=1, bitorder="little")
        q = np.concatenate([b[:, 6:] & 15, b[:, 6:] >> 4], 1) | fifth << 4
        x = half(slice(0, 2)) * (q.astype(np.float32) - 16)
    elif kind == "Q4_K":
        s = b[:, 4:16]
        scale = np.concatenate([s[:, :4] & 63, (s[:, 8:] & 15) | (s[:, :4] >> 6) << 4], 1)
        minimum = np.concatenate([s[:, 4:8] & 63, s[:, 8:] >> 4 | (s[:, 4:8] >> 6) << 4], 1)
        pairs = b[:, 16:].reshape(-1, 4, 32)
        q = np.stack([pairs & 15, pairs >> 4], 2).reshape(-1, 8, 32).astype(np.float32)
        x = (half(slice(0, 2)) * scale)[..., None] * q - (half(slice(2, 4)) * minimum)[..., None]
    else:
        assert kind == "Q6_K", kind
        low, high = b[:, :128].reshape(-1, 2, 2, 32), b[:, 128:192].reshape(-1, 2, 32)
        quarters = [(low[:, :, i % 2] >> 4 * (i // 2) & 15) | (high >> 2 * i & 3) << 4 for i in range(4)]
        q = np.stack(quarters, 2).reshape(-1, 16, 16).astype(np.float32) - 32
        x = (half(slice(208, 210)) * np.ascontiguousarray(b[:, 192:208]).view(np.int8))[..., None] * q
    return x.reshape(shape).astype(np.float32)
