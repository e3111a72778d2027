"""The block formats of the file: one function each, used for training and for writing.

`quantise(x, kind)` gives the values that a reader of the file will compute; with `pack=True` it gives the file's bytes
instead. Both come from the same integers, so training sees exactly what is shipped."""
import torch

BLOCK = {"F32": (0, 1, 4), "F16": (1, 1, 2), "BF16": (30, 1, 2), "Q5_0": (6, 32, 22), "Q8_0": (8, 32, 34),
         "Q4_K": (12, 256, 144), "Q6_K": (14, 256, 210)}
"""GGUF's number of the type, values and bytes of a block."""


def _half(x):
    """Rounded to a 2-byte float."""
    return x.half().float()


def _divide(x, by):
    return torch.where(by == 0, 0, x / torch.where(by == 0, 1, by))


def _extreme(x):
    """The value of each group that is farthest from zero, with its sign."""
    return x.gather(-1, x.abs().argmax(-1, keepdim=True))


def _bytes(x):
    return x.contiguous().view(torch.uint8).reshape(x.shape[0], -1)


def q4_k(x, pack):
    """8 groups of 32: 4-bit values with a 6-bit scale and a 6-bit minimum each."""
    x = x.view(-1, 8, 32)
    low, high = x.amin(-1).clamp(max=0), x.amax(-1).clamp(min=0)
    d, d_min = _half(((high - low) / 15).amax(-1, True) / 63), _half((-low).amax(-1, True) / 63)
    scale = _divide((high - low) / 15, d).round().clamp(0, 63)
    minimum = _divide(-low, d_min).round().clamp(0, 63)
    step, offset = (d * scale)[..., None], (d_min * minimum)[..., None]
    q = _divide(x + offset, step).round().clamp(0, 15)
    if not pack:
        return step * q - offset
    s, m, q = scale.byte(), minimum.byte(), q.byte().view(-1, 4, 2, 32)
    packed = torch.cat([s[:, :4] | (s[:, 4:] >> 4) << 6, m[:, :4] | (m[:, 4:] >> 4) << 6,
                        (s[:, 4:] & 15) | (m[:, 4:] & 15) << 4], 1)
    return torch.cat([_bytes(d.half()), _bytes(d_min.half()), packed, (q[:, :, 0] | q[:, :, 1] << 4).reshape(-1,
                                                                                                             128)], 1)


def q6_k(x, pack):
    """16 groups of 16: 6-bit values with an 8-bit signed scale each."""
    x = x.view(-1, 16, 16)
    wanted = _extreme(x)[..., 0] / -32
    d = _half(_extreme(wanted) / -128)
    scale = _divide(wanted, d).round().clamp(-128, 127)
    step = (d * scale)[..., None]
    q = _divide(x, step).round().clamp(-32, 31)
    if not pack:
        return step * q
    q = (q + 32).byte().view(-1, 2, 4, 32)             # half, quarter, place
    low = torch.cat([(q[:, :, 0] & 15) | (q[:, :, 2] & 15) << 4, (q[:, :, 1] & 15) | (q[:, :, 3] & 15) << 4], 2)
    high = q[:, :, 0] >> 4 | (q[:, :, 1] >> 4) << 2 | (q[:, :, 2] >> 4) << 4 | (q[:, :, 3] >> 4) << 6
    return torch.cat([low.reshape(-1, 128), high.reshape(-1, 64), _bytes(scale.to(torch.int8)), _bytes(d.half())], 1)


def q5_0(x, pack):
    """32 values of 5 bits with one scale."""
    x = x.view(-1, 32)
    d = _half(_extreme(x) / -16)
    q = _divide(x, d).round().clamp(-16, 15)
    if not pack:
        return d * q
    q = (q + 16).long()
    fifth = ((q >> 4) << torch.arange(32, device=q.device)).sum(1, keepdim=True)
    fifth = torch.cat([fifth >> 8 * i & 255 for i in range(4)], 1).byte()
    low = (q & 15).byte()
    return torch.cat([_bytes(d.half()), fifth, low[:, :16] | low[:, 16:] << 4], 1)


def q8_0(x, pack):
    """32 values of 8 bits with one scale."""
    x = x.view(-1, 32)
    d = _half(x.abs().amax(-1, True) / 127)
    q = _divide(x, d).round().clamp(-127, 127)
    return torch.cat([_bytes(d.half()), _bytes(q.to(torch.int8))], 1) if pack else d * q


ROUND = {"Q4_K": q4_k, "Q6_K": q6_k, "Q5_0": q5_0, "Q8_0": q8_0}
PLAIN = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}


def quantise(x, kind, pack=False):
    """The values of `x` after a trip through the file, or with `pack` the bytes of the file."""
    if kind in PLAIN:
        stored = x.to(PLAIN[kind])
        return _bytes(stored.reshape(1, -1))[0] if pack else stored.float()
    _, values, size = BLOCK[kind]
    assert x.shape[-1] % values == 0, f"rows of {x.shape[-1]} do not divide into blocks of {values} of {kind}"
    out = ROUND[kind](x.float(), pack)
    if pack:
        assert out.shape[1] == size, (kind, out.shape)
        return out.reshape(-1)
    return out.view(x.shape)
