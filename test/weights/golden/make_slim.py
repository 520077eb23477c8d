"""Writes slim.json.gz: names, shapes and answers of the networks of TF-Slim, the program of NASNet's authors.

    pip install tensorflow tf_keras tf-slim contextlib2
    pip install --no-deps tf-models-research-object-detection
    python test/weights/golden/make_slim.py
"""

import gzip
import hashlib
import json
from pathlib import Path

import paths
import slim_network
import numpy as np
from numbers_of import image, values

tf = slim_network.tf

CASES = {
    "imagenet": dict(kind="mobile", size=71, classes=7, num_conv_filters=8, num_cells=3),
    "imagenet, two cells, skipping": dict(
        kind="large", size=64, classes=1001, num_conv_filters=4 * 2, num_cells=6, stem_multiplier=0.25
    ),
    "cifar": dict(kind="cifar", size=32, classes=10, num_conv_filters=8, num_cells=3),
}


def shapes():
    return {v.op.name: v.shape.as_list() for v in tf.global_variables() if "global_step" not in v.op.name}


def answer(kind, size, classes, **settings):
    images, logits = slim_network.build(kind, size, classes, **settings)
    tensors = shapes()
    with tf.Session() as session:
        variables = tf.global_variables()
        numbers = {v.initializer.inputs[1]: values(paths.slim(v.op.name), v.shape.as_list()) for v in variables}
        session.run([v.initializer for v in variables], numbers)
        picture = image(size)[None].astype(np.float32) / 127.5 - 1
        return {
            "size": size,
            # By name: what the toolkit calls it, and its shape.
            "tensors": {name: [paths.slim(name), shape] for name, shape in tensors.items()},
            "logits": session.run(logits, {images: picture})[0].astype(float).round(6).tolist(),
        }


def digest(kind, size, classes):
    """The whole network with its auxiliary head, in short."""
    slim_network.build(kind, size, classes, is_training=True)
    lines = sorted(f"{name} {shape}" for name, shape in shapes().items())
    return {"tensors": len(lines), "sha256": hashlib.sha256("\n".join(lines).encode()).hexdigest()}


golden = {
    "networks": {
        "nasnet-a-mobile": digest("mobile", 224, 1001),
        "nasnet-a-large": digest("large", 331, 1001),
        "nasnet-a-cifar": digest("cifar", 32, 10),
    },
    "cases": {name: answer(**case) for name, case in CASES.items()},
}
text = json.dumps(golden, separators=(",", ":"))
Path(__file__).with_name("slim.json.gz").write_bytes(gzip.compress(text.encode(), 9, mtime=0))
