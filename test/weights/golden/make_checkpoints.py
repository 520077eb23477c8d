"""Makes checkpoints of every kind that TensorFlow writes, and checkpoints.json with what TensorFlow reads in them.

    pip install tensorflow
    python test/weights/golden/make_checkpoints.py
"""

import hashlib
import json
import os
import shutil
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np
import tensorflow as tf

HERE = Path(__file__).parent
GENERATOR = np.random.default_rng(2017)

# Bits that a detour through other numbers could lose: NaN with a payload, infinities, minus zero, the smallest number.
ODD = np.array([0x7FC12345, 0x7F800000, 0xFF800000, 0x80000000, 1], np.uint32).view(np.float32)
# Normal, subnormal, largest, infinite, minus zero.
HALVES = np.array([0x3C01, 0x0001, 0x03FF, 0x7BFF, 0x7C00, 0x8000, 0xC248, 0x0200], np.uint16)

WHOLE = {
    "conv0/weights": GENERATOR.standard_normal((3, 3, 3, 4), np.float32),
    "conv0_bn/gamma": GENERATOR.standard_normal(4).astype(np.float32),
    "odd": ODD,
    "scalar": np.float32(3.25),
    "global_step": np.int64(1234567),
    "types/int32": np.array([-5, 2**31 - 1, 7], np.int32),
    "types/uint8": np.array([0, 255], np.uint8),
    "types/int8": np.array([-128, 127], np.int8),
    "types/int16": np.array([-32768, 32767], np.int16),
    "types/bool": np.array([True, False, True]),
    "types/float16": HALVES.view(np.float16),
    "types/float64": np.array([1 / 3, -1e-300, 1e38, np.inf], np.float64),
    "types/int64": np.array([-(2**53), 2**40 + 1], np.int64),
    "größe": np.arange(3, dtype=np.float32),
    **{f"cell_{i}/bn/beta": GENERATOR.standard_normal(2).astype(np.float32) for i in range(40)},
}
# What the first format cannot hold.
ONLY_SECOND = {
    "empty": np.zeros((2, 0, 3), np.float32),
    "types/bfloat16": HALVES.view(tf.bfloat16.as_numpy_dtype),
    "types/uint16": np.array([65535], np.uint16),
    "types/uint32": np.array([2**32 - 1], np.uint32),
    "types/uint64": np.array([2**64 - 1], np.uint64),
    "words": np.array([b"one", b"two words"], object),
    "complex": np.array([1 + 2j], np.complex64),
    "beyond": np.array([0, 1e300], np.float64),
}
# Shape and pieces, start and length along each axis; "-" is all of it. Places take one, two and three bytes in keys.
PIECES = {
    "parts/rows": ([10, 3], ["0,4:-", "4,3:-", "7,3:-"]),
    "parts/columns": ([3, 150], ["-:0,100", "-:100,50"]),
    "parts/tiles": ([4, 6, 2], ["0,2:0,3:-", "0,2:3,3:-", "2,2:0,6:-"]),
    "parts/many": ([9000], ["0,8500", "8500,500"]),
    "parts/a\x00b": ([2, 2], ["0,1:-", "1,1:-"]),
}


def pieces():
    """Names, places and numbers of all pieces, as the operations that save take them."""
    for name, (shape, places) in PIECES.items():
        numbers = np.arange(np.prod(shape)).reshape(shape)
        whole = (numbers % 7).astype(np.uint8) if len(shape) == 1 else (numbers / 8).astype(np.float32)
        for place in places:
            ranges = [None if axis == "-" else [int(n) for n in axis.split(",")] for axis in place.split(":")]
            index = tuple(slice(None) if r is None else slice(r[0], r[0] + r[1]) for r in ranges)
            yield name.encode(), " ".join(map(str, shape)) + " " + place, whole[index]


def lists(tensors, with_pieces=True):
    all_of = [(name.encode(), "", value) for name, value in tensors.items()]
    if with_pieces:
        all_of += pieces()
    return [list(column) for column in zip(*all_of)]


def save_second(prefix, tensors, with_pieces):
    names, places, values = lists(tensors, with_pieces)
    tf.raw_ops.SaveV2(prefix=prefix, tensor_names=names, shape_and_slices=places, tensors=values)


def described(prefix):
    """What TensorFlow reads: types, shapes, and the SHA-256 of the numbers as float32."""
    reader = tf.train.load_checkpoint(prefix)
    tensors = {}
    for name, dtype in reader.get_variable_to_dtype_map().items():
        entry = {"dtype": dtype.name, "shape": list(reader.get_variable_to_shape_map()[name])}
        if dtype not in (tf.string, tf.complex64) and name != "beyond":
            [read] = tf.raw_ops.RestoreV2(
                prefix=prefix, tensor_names=[name], shape_and_slices=[""], dtypes=[dtype]
            )
            numbers = read.numpy().astype(np.float32)
            entry["sha256"] = hashlib.sha256(numbers.tobytes()).hexdigest()
        tensors[name] = entry
    return tensors


class Model(tf.Module):
    def __init__(self):
        self.kernel = tf.Variable(np.arange(6, dtype=np.float32).reshape(2, 3))


second = str(HERE / "second.ckpt")
save_second(second, {**WHOLE, **ONLY_SECOND}, True)

first = str(HERE / "first.ckpt")
names, places, values = lists(WHOLE)
tf.raw_ops.SaveSlices(filename=first, tensor_names=names, shapes_and_slices=places, data=values)

sharded = str(HERE / "sharded.ckpt")
parts = [f"{sharded}-part{i}" for i in range(2)]
for i, part in enumerate(parts):
    save_second(part, {f"shard_{i}/{name}": WHOLE[name] for name in ["conv0/weights", "odd"]}, False)
tf.raw_ops.MergeV2Checkpoints(checkpoint_prefixes=parts, destination_prefix=sharded)

saved_model = HERE / "saved-model"
shutil.rmtree(saved_model, ignore_errors=True)
tf.saved_model.save(Model(), str(saved_model))
for name in ["assets", "fingerprint.pb"]:
    path = saved_model / name
    shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)

expected = {
    "second.ckpt": described(second),
    "first.ckpt": described(first),
    "sharded.ckpt": described(sharded),
    "saved-model": described(str(saved_model / "variables" / "variables")),
}
(HERE / "checkpoints.json").write_text(json.dumps(expected, indent=1, sort_keys=True) + "\n")
