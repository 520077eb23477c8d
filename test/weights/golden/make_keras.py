"""Writes keras.json.gz: names, shapes and answers of Keras's NASNet, as it is.

    pip install keras tensorflow
    python test/weights/golden/make_keras.py
"""

import gzip
import hashlib
import json
from pathlib import Path

import keras
import numpy as np
import paths
from keras.src.applications import nasnet
from numbers_of import image, values

CASES = {
    "skipping": dict(size=71, blocks=1, skip_reduction=True),
    "two cells": dict(size=64, blocks=2, skip_reduction=False),
}


def shapes(model):
    return {f"{layer.name}/{w.name}": list(w.shape) for layer in model.layers for w in layer.weights}


def answer(size, blocks, skip_reduction):
    keras.utils.clear_session()
    model = nasnet.NASNet(
        input_shape=(size, size, 3),
        penultimate_filters=192,
        num_blocks=blocks,
        stem_block_filters=8,
        skip_reduction=skip_reduction,
        weights=None,
        classes=7,
        classifier_activation=None,
    )
    for layer in model.layers:
        layer.set_weights([values(paths.keras(f"{layer.name}/{w.name}", blocks), w.shape) for w in layer.weights])
    picture = image(size)[None].astype(np.float32) / 127.5 - 1
    return {
        "size": size,
        # By name: what the toolkit calls it, and its shape.
        "tensors": {name: [paths.keras(name, blocks), shape] for name, shape in shapes(model).items()},
        "logits": model(picture)[0].numpy().astype(float).round(6).tolist(),
    }


def checksum(lines):
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def digest(model):
    lines = sorted(f"{name} {shape}" for name, shape in shapes(model).items())
    order = [layer.name for layer in model.layers if layer.weights]
    return {"tensors": len(lines), "sha256": checksum(lines), "order": checksum(order)}


golden = {
    "networks": {
        "nasnet-a-mobile": digest(keras.applications.NASNetMobile(weights=None)),
        "nasnet-a-large": digest(keras.applications.NASNetLarge(weights=None)),
    },
    "cases": {name: answer(**case) for name, case in CASES.items()},
}
text = json.dumps(golden, separators=(",", ":"))
Path(__file__).with_name("keras.json.gz").write_bytes(gzip.compress(text.encode(), 9, mtime=0))
