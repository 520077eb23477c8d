"""Writes keras_pools.json: what Keras's NASNet-A as installed answers, with its own pools.

    pip install keras tensorflow-cpu
    KERAS_BACKEND=tensorflow python test/models/golden/make_keras_pools.py

Images and weights are those of keras_nasnet.json, whose answers are those with TF-Slim's pools. Outputs are of
the first image, answers in training of both. The sides of the features are 22 × 18, 11 × 9, 6 × 5 and 3 × 3.
"""

import base64
import json
from pathlib import Path

import keras
import numpy as np
from make_golden import CELLS, NAMES, build, encode, path_of


def decode(encoded):
    whole = np.frombuffer(base64.b64decode(encoded["data"]), np.int8)
    return whole.reshape(encoded["shape"]).astype(np.float32) / 64


def case(golden):
    model = build(golden["skipReduction"], slim=False)
    for layer in model.layers:
        names = [f"{path_of(layer)}/{NAMES[weight.path.split('/')[-1]]}" for weight in layer.weights]
        layer.set_weights([decode(golden["weights"][name]) for name in names])
    outputs = {"logits": model.output}
    for keras_name, name in CELLS.items():
        kind = "normal" if name.startswith("cell") else "reduction"
        outputs[name] = model.get_layer(f"{kind}_concat_{keras_name}").output
    images = decode(golden["images"])
    results = keras.Model(model.input, outputs)(images[:1], training=False)
    return {
        "outputs": {name: encode(value, "<f4") for name, value in results.items()},
        "trainingLogits": encode(model(images, training=True), "<f4"),
    }


if __name__ == "__main__":
    folder = Path(__file__).parent
    cases = json.loads((folder / "keras_nasnet.json").read_text())["cases"]
    golden = {
        "about": f"keras {keras.__version__} NASNet, made by make_keras_pools.py",
        "cases": [case(one) for one in cases],
    }
    target = folder / "keras_pools.json"
    target.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
    print(target.stat().st_size, "bytes")
