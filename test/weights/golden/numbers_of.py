"""Numbers that a test can make again: what they are depends on a tensor's name and the number's place alone.

test/helpers/weights/numbers.ts makes the same ones, so that golden files need no weights.
"""

import numpy as np


def hash_of(name):
    """FNV-1a, 32 bits."""
    value = 2166136261
    for byte in name.encode():
        value = ((value ^ byte) * 16777619) & 0xFFFFFFFF
    return value


def draw(name, count):
    """`count` numbers in [-0.5, 0.5)."""
    x = np.arange(count, dtype=np.uint32) ^ np.uint32(hash_of(name))
    x = x * np.uint32(0x9E3779B1)
    x ^= x >> np.uint32(15)
    x = x * np.uint32(0x85EBCA77)
    x ^= x >> np.uint32(13)
    return x.astype(np.float64) / 2**32 - 0.5


def values(path, shape):
    """A parameter of the toolkit's `path`, in the toolkit's order of axes."""
    u = draw(path, int(np.prod(shape)))
    role = path.rsplit("/", 1)[-1]
    if role == "gamma":
        u = 1 + u
    elif role == "moving_variance":
        u = 1.5 + u
    elif role not in ("beta", "bias", "moving_mean"):
        fan = shape[0] * shape[1] * (1 if role == "depthwise" else shape[2]) if len(shape) == 4 else shape[0]
        u = u * 3 / np.sqrt(fan)
    return u.reshape(shape).astype(np.float32)


def image(size):
    """Bytes of a picture, size x size x 3."""
    return np.floor((draw("image", size * size * 3) + 0.5) * 256).reshape(size, size, 3).astype(np.uint8)
