"""Writes keras_nasnet.json: Keras's own NASNet-A, made tiny, with its weights and every cell's output.

    pip install keras jax
    python test/models/golden/make_golden.py

Keras differs from the released TensorFlow-Slim definition in one place: in reduction cells it pads the
current input with zeros and then pools without padding, so that zeros enter its averages and maxima at the
edges. Slim pools with SAME, which ignores the padding. Those pools are set right here; everything else is
Keras as installed. Weights are small integers over 64, so that they are stored exactly in a byte each.
"""

import base64
import json
import os
import re
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")
import keras
import numpy as np
from keras.src.applications import nasnet

HEIGHT, WIDTH, CLASSES = 45, 38, 7


class SlimLayers:
    """keras.layers, with the pools of reduction cells as in Slim."""

    def __getattr__(self, name):
        return getattr(keras.layers, name)

    def ZeroPadding2D(self, padding, name=None):
        if name is not None and name.startswith("reduction_pad"):
            return keras.layers.Activation("linear", name=name)
        return keras.layers.ZeroPadding2D(padding, name=name)

    def MaxPooling2D(self, size, strides, padding, name=None):
        return keras.layers.MaxPooling2D(size, strides, "same", name=name)

    def AveragePooling2D(self, size, strides, padding, name=None):
        if size == (1, 1):
            return keras.layers.AveragePooling2D(size, strides, padding, name=name)
        return keras.layers.AveragePooling2D(size, strides, "same", name=name)


def build(skip_reduction, slim=True):
    keras.utils.clear_session()
    nasnet.layers = SlimLayers() if slim else keras.layers
    return nasnet.NASNet(
        input_shape=(HEIGHT, WIDTH, 3),
        penultimate_filters=96,
        num_blocks=1,
        stem_block_filters=5,
        skip_reduction=skip_reduction,
        weights=None,
        classes=CLASSES,
        classifier_activation=None,
    )



def cells(n):
    """Our name of each cell of Keras, of a network with n cells in a stage: it leaves the number n out."""
    reductions = {"stem_1": "stem_0", "stem_2": "stem_1", f"reduce_{n}": "reduction_0", f"reduce_{2 * n}": "reduction_1"}
    return reductions | {str(i if i < n else i + 1): f"cell_{i}" for i in range(3 * n)}


CELLS = cells(1)
# Keras names a separable convolution by its block, counted from 1; one of the reduction cell's has the
# number of the block before.
SIDES = {"reduction_left4": "block_6/left"}


def path_of(layer, cells=CELLS):
    """Our parameter path, without the parameter's own name, of a Keras layer."""
    name = layer.name
    if name in ("stem_conv1", "stem_bn1", "predictions"):
        return {"stem_conv1": "stem", "stem_bn1": "stem/batch_norm", "predictions": "head"}[name]
    match = re.fullmatch(r"separable_conv_(\d)(_bn)?_((?:normal|reduction)_(left|right)(\d))_(.+)", name)
    if match:
        repeat, norm, side, hand, block, cell = match.groups()
        place = SIDES.get(side, f"block_{int(block) + 1}/{hand}")
        return f"{cells[cell]}/{place}/separable_{repeat}" + ("/batch_norm" if norm else "")
    match = re.fullmatch(r"(normal|reduction)_(conv|bn)_1_(.+)", name)
    if match:
        return f"{cells[match[3]]}/current" + ("/batch_norm" if match[2] == "bn" else "")
    match = re.fullmatch(r"adjust_(conv_1|conv_2|bn|conv_projection)_(.+)", name)
    if match:
        part = {"conv_1": "/path_1", "conv_2": "/path_2", "bn": "/batch_norm", "conv_projection": ""}
        return f"{cells[match[2]]}/previous{part[match[1]]}"
    raise ValueError(f"no rule for layer {name}")


NAMES = {
    "kernel": "kernel",
    "bias": "bias",
    "depthwise_kernel": "depthwise",
    "pointwise_kernel": "pointwise",
    "gamma": "gamma",
    "beta": "beta",
    "moving_mean": "moving_mean",
    "moving_variance": "moving_variance",
}


def encode(array, dtype):
    array = np.ascontiguousarray(array, dtype)
    return {"shape": list(array.shape), "data": base64.b64encode(array.tobytes()).decode()}


def case(skip_reduction):
    generator = np.random.default_rng(20 + skip_reduction)
    model = build(skip_reduction)
    weights = {}
    for layer in model.layers:
        values = []
        for weight in layer.weights:
            name = NAMES[weight.path.split("/")[-1]]
            shape = tuple(weight.shape)
            if name in ("gamma", "moving_variance"):
                whole = generator.integers(32, 97, shape)
            elif name in ("beta", "moving_mean", "bias"):
                whole = generator.integers(-32, 33, shape)
            else:
                fan_in = np.prod(shape[:3]) if name == "kernel" or name == "pointwise" else np.prod(shape[:2])
                limit = int(np.clip(64 * np.sqrt(6 / fan_in), 8, 127))
                whole = generator.integers(-limit, limit + 1, shape)
            weights[f"{path_of(layer)}/{name}"] = encode(whole, np.int8)
            values.append(whole.astype(np.float32) / 64)
        layer.set_weights(values)

    images = generator.integers(-64, 65, (2, HEIGHT, WIDTH, 3))
    scaled = images.astype(np.float32) / 64
    outputs = {"stem": model.get_layer("stem_bn1").output}
    for keras_name, name in CELLS.items():
        kind = "normal" if name.startswith("cell") else "reduction"
        outputs[name] = model.get_layer(f"{kind}_concat_{keras_name}").output
    outputs["logits"] = model.output
    probe = keras.Model(model.input, outputs)
    results = {name: np.asarray(value) for name, value in probe(scaled, training=False).items()}
    trained = np.asarray(model(scaled, training=True))
    plain = build(skip_reduction, slim=False)
    plain.set_weights(model.get_weights())
    print(
        f"skip_reduction={skip_reduction}: {model.count_params()} parameters; largest output of each part",
        {name: float(np.abs(value).max().round(2)) for name, value in results.items()},
        "; Keras's own pools would move the logits by",
        float(np.abs(np.asarray(plain(scaled, training=False)) - results["logits"]).max()),
    )
    return {
        "skipReduction": bool(skip_reduction),
        "images": encode(images, np.int8),
        "weights": weights,
        "outputs": {name: encode(value, "<f4") for name, value in results.items()},
        "trainingLogits": encode(trained, "<f4"),
    }


if __name__ == "__main__":
    golden = {
        "about": f"keras {keras.__version__} NASNet, made by make_golden.py; bytes are integers over 64",
        "config": {"stemFilters": 5, "cells": 1, "filters": 4, "classes": CLASSES},
        "cases": [case(False), case(True)],
    }
    target = Path(__file__).with_name("keras_nasnet.json")
    target.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
    print(target.stat().st_size, "bytes")
