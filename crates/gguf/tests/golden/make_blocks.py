"""Makes blocks.gguf: blocks of every supported type beside the values they stand for.

    python make_blocks.py FOLDER_OF_GGUFIO blocks.gguf        (needs numpy; ggufio.py is the oracle's own reader and
                                                               writer, written independently of the Rust code)

For each type T: `T.random`, blocks of random bits with harmless scales; `T.normal`, the oracle's encoding of
`source`; and beside each `...values`, the oracle's decoding as F32.
"""
import sys

sys.path.insert(0, sys.argv[1])
import ggufio
import numpy as np

ROWS, COLS = 2, 512
# Offsets of the 2-byte floats in a block: random bits there would mostly be huge, infinite or not a number.
SCALES = {"F16": [0], "Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0],
          "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208]}
rng = np.random.default_rng(20)
source = (rng.standard_normal((ROWS, COLS)) * np.exp(rng.standard_normal((ROWS, 1)))).astype(np.float32)
source[0, 32:64] = 0      # a whole block of zeros
source[1, :32] = 0.75     # a block without range
source[1, 32:64] -= 3     # a block below zero
tensors = [("source", "F32", (ROWS, COLS), source.tobytes())]
for kind, (_, block, size) in ggufio.TYPES.items():
    n = ROWS * COLS // block
    raw = rng.integers(0, 256, (n, size), dtype=np.uint8)
    if kind in ("F32", "BF16"):
        raw = np.frombuffer(ggufio.quantize(rng.standard_normal(n), kind), np.uint8).reshape(n, size)
    for at in SCALES.get(kind, []):
        raw[:, at:at + 2] = rng.standard_normal((n, 1)).astype(np.float16).view(np.uint8)
    for name, data in (("random", raw.tobytes()), ("normal", ggufio.quantize(source, kind))):
        values = ggufio.dequantize(data, kind, (ROWS, COLS))
        tensors.append((f"{kind}.{name}", kind, (ROWS, COLS), data))
        tensors.append((f"{kind}.{name}.values", "F32", (ROWS, COLS), values.tobytes()))
ggufio.write(sys.argv[2], [("general.architecture", ggufio.STR, "blocks")], tensors)
