"""Writes a whole network of Keras or timm for the toolkit to answer the same with: random weights, an image, logits.

    python test/models/golden/write_network.py keras-mobile FOLDER

Weights become weights.safetensors under the toolkit's paths and in its layouts, the image image.rgb (N × N × 3 bytes),
logits logits.f32. The numbers are drawn with a fixed seed, batch norm's statistics too.
"""

import json
import os
import sys
from pathlib import Path

import numpy as np

GENERATOR = np.random.default_rng(2018)


def drawn(path, shape):
    """Random numbers for the parameter at a path, in the toolkit's layout."""
    leaf = path.rsplit("/", 1)[1]
    if leaf in ("gamma", "moving_variance"):
        return GENERATOR.uniform(0.5, 1.5, shape).astype(np.float32)
    if leaf in ("beta", "moving_mean", "bias"):
        return (GENERATOR.standard_normal(shape) * 0.1).astype(np.float32)
    fan_in = shape[0] * shape[1] if leaf == "depthwise" else np.prod(shape[:-1])
    return (GENERATOR.standard_normal(shape) * np.sqrt(1 / fan_in)).astype(np.float32)


def image_of(size):
    return GENERATOR.integers(0, 256, (size, size, 3), np.uint8)


def keras_network(build, n, size):
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    import keras
    from make_golden import NAMES, cells, path_of

    model = getattr(keras.applications, build)(weights=None, classifier_activation=None)
    weights = {}
    for layer in model.layers:
        values = {}
        for weight in layer.weights:
            path = f"{path_of(layer, cells(n))}/{NAMES[weight.path.split('/')[-1]]}"
            values[path] = drawn(path, tuple(weight.shape))
        layer.set_weights(list(values.values()))
        weights |= values
    image = image_of(size)
    logits = model(image[np.newaxis].astype(np.float32) / 127.5 - 1, training=False)
    return weights, image, np.asarray(logits)


def timm_network(size):
    import timm
    import torch
    from make_timm_nasnet import path_of, toolkit_shape

    model = timm.create_model("nasnetalarge", pretrained=False).eval()
    weights = {}
    for name, tensor in model.state_dict().items():
        if name.endswith("num_batches_tracked"):
            continue
        path = path_of(name)
        shape, axes = toolkit_shape(path, tensor.shape)
        weights[path] = drawn(path, shape)
        tensor.copy_(torch.from_numpy(weights[path].transpose(axes).copy()))
    image = image_of(size)
    scaled = torch.from_numpy(image.astype(np.float32) / 127.5 - 1).permute(2, 0, 1)
    with torch.inference_mode():
        return weights, image, model(scaled[None]).numpy()


NETWORKS = {
    "keras-mobile": lambda: keras_network("NASNetMobile", 4, 224),
    "keras-large": lambda: keras_network("NASNetLarge", 6, 331),
    "timm-large": lambda: timm_network(331),
}


def write_safetensors(path, tensors):
    header, offset = {}, 0
    for name, array in tensors.items():
        header[name] = {"dtype": "F32", "shape": array.shape, "data_offsets": [offset, offset + array.nbytes]}
        offset += array.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for array in tensors.values():
            file.write(np.ascontiguousarray(array, "<f4").tobytes())


if __name__ == "__main__":
    weights, image, logits = NETWORKS[sys.argv[1]]()
    folder = Path(sys.argv[2])
    write_safetensors(folder / "weights.safetensors", weights)
    (folder / "image.rgb").write_bytes(image.tobytes())
    (folder / "logits.f32").write_bytes(np.ascontiguousarray(logits, "<f4").tobytes())
