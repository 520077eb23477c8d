"""Writes timm_nasnet.json: what timm's NASNet-A answers, made tiny, with its own pools.

    pip install torch timm
    python test/models/golden/make_timm_nasnet.py

Image and weights are drawn from their names, which test/models/timm.test.ts does too, so that the file holds outputs
alone: of the cells on both sides of each change of size, and of the last.
"""

import base64
import json
import math
import re
from pathlib import Path

import numpy as np
import timm
import torch
from timm.models.nasnet import NASNetALarge

HEIGHT, WIDTH, CLASSES, STEM_FILTERS, FILTERS = 45, 38, 7, 5, 4
PARTS = {"cell_stem_0": "stem_0", "cell_stem_1": "stem_1", "conv0": "stem", "last_linear": "head"}
PARTS |= {f"reduction_cell_{i}": f"reduction_{i}" for i in range(2)} | {f"cell_{i}": f"cell_{i}" for i in range(18)}
SEEN = ["stem_0", "stem_1", "cell_0", "cell_5", "reduction_0", "cell_6", "cell_11", "reduction_1", "cell_12", "cell_17"]

# What stands below a part, and the path that the toolkit has for it.
RULES = [
    (r"(conv|bn)", lambda m: "" if m[1] == "conv" else "/batch_norm"),
    (r"", lambda m: ""),
    (r"conv_1x1\.(conv|bn)", lambda m: "/current" + ("/batch_norm" if m[1] == "bn" else "")),
    (r"conv_prev_1x1\.(conv|bn)", lambda m: "/previous" + ("/batch_norm" if m[1] == "bn" else "")),
    (r"path_([12])\.conv", lambda m: f"/previous/path_{m[1]}"),
    (r"final_path_bn", lambda m: "/previous/batch_norm"),
    (
        r"comb_iter_(\d)_(left|right)\.separable_(\d)\.(depthwise|pointwise)_conv2d",
        lambda m: f"/block_{int(m[1]) + 2}/{m[2]}/separable_{m[3]}/{m[4]}",
    ),
    (
        r"comb_iter_(\d)_(left|right)\.bn_sep_(\d)",
        lambda m: f"/block_{int(m[1]) + 2}/{m[2]}/separable_{m[3]}/batch_norm",
    ),
]
NORMS = {"weight": "gamma", "bias": "beta", "running_mean": "moving_mean", "running_var": "moving_variance"}


def path_of(name):
    """The toolkit's path of a tensor of timm's."""
    module, leaf = name.rsplit(".", 1)
    part, _, rest = module.partition(".")
    for pattern, place in RULES:
        match = re.fullmatch(pattern, rest)
        if match:
            path = PARTS[part] + place(match)
            if path.endswith("batch_norm"):
                return f"{path}/{NORMS[leaf]}"
            if path.endswith(("depthwise", "pointwise")):
                return path
            return f"{path}/{'kernel' if leaf == 'weight' else leaf}"
    raise ValueError(f"no rule for {name}")


def drawn(name, count):
    """Whole numbers from 0 to 255, the same for the same name."""
    state = 2166136261
    for byte in name.encode():
        state = (state ^ byte) * 16777619 % 2**32
    numbers = []
    for _ in range(count):
        state = (state * 1664525 + 1013904223) % 2**32
        numbers.append(state >> 24)
    return np.array(numbers)


def values(path, shape):
    """Multiples of 1/64 for the parameter at a path, in the toolkit's layout."""
    numbers = drawn(path, math.prod(shape))
    leaf = path.rsplit("/", 1)[1]
    if leaf in ("gamma", "moving_variance"):
        whole = 32 + numbers % 65
    elif leaf in ("beta", "moving_mean", "bias"):
        whole = numbers % 65 - 32
    else:
        fan_in = shape[0] * shape[1] if leaf == "depthwise" else math.prod(shape[:-1])
        limit = min(127, max(8, int(64 * math.sqrt(6 / fan_in))))
        whole = numbers % (2 * limit + 1) - limit
    return (whole.reshape(shape) / 64).astype(np.float32)


def toolkit_shape(path, shape):
    """The shape in the toolkit's layout, and the axes that bring values from it to timm's."""
    if len(shape) == 4:
        out, inner, height, width = shape
        depthwise = path.endswith("depthwise")
        return [height, width, *([out, inner] if depthwise else [inner, out])], (2, 3, 0, 1) if depthwise else (3, 2, 0, 1)
    return list(shape[::-1]), tuple(range(len(shape)))[::-1]


def encode(tensor):
    array = np.ascontiguousarray(tensor.numpy(), "<f4")
    return {"shape": list(array.shape), "data": base64.b64encode(array.tobytes()).decode()}


if __name__ == "__main__":
    model = NASNetALarge(num_classes=CLASSES, stem_size=STEM_FILTERS, num_features=24 * FILTERS).eval()
    state = model.state_dict()
    for name, tensor in state.items():
        if name.endswith("num_batches_tracked"):
            continue
        path = path_of(name)
        shape, axes = toolkit_shape(path, tensor.shape)
        tensor.copy_(torch.from_numpy(values(path, shape).transpose(axes).copy()))
    outputs = {}
    for part, name in PARTS.items():
        if name in SEEN:
            getattr(model, part).register_forward_hook(
                lambda _module, _inputs, output, name=name: outputs.update({name: output.permute(0, 2, 3, 1).clone()})
            )
    image = (drawn("image", HEIGHT * WIDTH * 3) % 129 - 64).reshape(1, HEIGHT, WIDTH, 3) / 64
    with torch.inference_mode():
        outputs["logits"] = model(torch.from_numpy(image.transpose(0, 3, 1, 2).astype(np.float32)))
    print({name: float(tensor.abs().max()) for name, tensor in outputs.items()})
    golden = {
        "about": f"timm {timm.__version__} NASNetALarge, made by make_timm_nasnet.py",
        "config": {"stemFilters": STEM_FILTERS, "cells": 6, "filters": FILTERS, "classes": CLASSES},
        "imageShape": [1, HEIGHT, WIDTH, 3],
        "outputs": {name: encode(tensor) for name, tensor in outputs.items()},
    }
    target = Path(__file__).with_name("timm_nasnet.json")
    target.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
    print(target.stat().st_size, "bytes")
