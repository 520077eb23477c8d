"""Writes a weight file of a published network with random numbers, by the program that the weights come from, or loads
one of 1,000 classes, and prints its logits for a picture as JSON.

    python answer.py write|load slim|keras|keras2|timm mobile|large SIDE PICTURE FILE

PICTURE holds SIDE x SIDE x 3 bytes. Batch norm's statistics are random too, so that each number counts.
"""

import json
import sys
from pathlib import Path

import numpy as np

mode, program, kind, side, picture, file = sys.argv[1:]
side = int(side)
writes = mode == "write"
random = np.random.default_rng(11)
pixels = np.fromfile(picture, np.uint8).reshape(1, side, side, 3).astype(np.float32) / 127.5 - 1


def draw(name, shape):
    """Numbers of the size of trained ones. `name`: any program's name of a variable."""
    if name.endswith(("gamma", "norm.weight")):
        return random.uniform(0.6, 1.4, shape)
    if name.endswith(("variance", "running_var")):
        return random.uniform(0.5, 1.5, shape)
    if len(shape) == 1:
        return random.normal(0, 0.1, shape)
    depthwise = "depthwise" in name
    if program == "timm":
        fan = np.prod(shape[1:])
    else:
        fan = np.prod(shape[:2]) if depthwise else np.prod(shape[:-1])
    # The head's are larger, so that logits are as large as trained ones.
    return random.normal(0, np.sqrt((100 if len(shape) == 2 else 1) / fan), shape)


def slim():
    sys.path.insert(0, str(Path(__file__).parent.parent / "golden"))
    import slim_network

    tf = slim_network.tf
    images, logits = slim_network.build(kind, side, 1001 if writes else 1000)
    variables = tf.global_variables()
    if not writes:
        with tf.Session() as session:
            tf.train.Saver().restore(session, file)
            return session.run(logits, {images: pixels})[0]
    tf.train.get_or_create_global_step()
    averages = tf.train.ExponentialMovingAverage(0.9999)
    averages.apply(variables)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())

        def load(values):
            session.run([v.initializer for v in values], {v.initializer.inputs[1]: x for v, x in values.items()})

        values = {v: draw(v.op.name, v.shape.as_list()) for v in variables}
        # The weights themselves are others than their averages.
        load({averages.average(v): value for v, value in values.items()})
        load({v: value + 1 for v, value in values.items()})
        tf.train.Saver().save(session, file, write_meta_graph=False)
        load(values)
        return session.run(logits, {images: pixels})[0, 1:]


def keras():
    import keras as library

    network = library.applications.NASNetMobile if kind == "mobile" else library.applications.NASNetLarge
    model = network(weights=None, classifier_activation=None)
    if writes:
        for layer in model.layers:
            layer.set_weights([draw(w.name, w.shape) for w in layer.weights])
        model.save_weights(file)
    else:
        model.load_weights(file)
    return model(pixels)[0].numpy()


def keras2():
    import os

    os.environ["TF_USE_LEGACY_KERAS"] = "1"
    import tf_keras as library

    network = library.applications.NASNetMobile if kind == "mobile" else library.applications.NASNetLarge
    model = network(weights=None, classifier_activation=None)
    if writes:
        for layer in model.layers:
            layer.set_weights([draw(w.name.split(":")[0], w.shape) for w in layer.weights])
        model.save_weights(file)
    else:
        model.load_weights(file)
    return model(pixels)[0].numpy()


def timm():
    import torch
    from safetensors.torch import load_file, save_file
    from timm import create_model

    model = create_model("nasnetalarge").eval()
    if writes:
        norms = {name for name, module in model.named_modules() if isinstance(module, torch.nn.BatchNorm2d)}
        state = {}
        for name, tensor in model.state_dict().items():
            scope, variable = name.rsplit(".", 1)
            kind = f"norm.{variable}" if scope in norms else name
            state[name] = tensor if tensor.ndim == 0 else torch.from_numpy(draw(kind, tuple(tensor.shape))).float()
        save_file(state, file)
    model.load_state_dict(load_file(file))
    with torch.no_grad():
        return model(torch.from_numpy(pixels.transpose(0, 3, 1, 2).copy()))[0].numpy()


answer = {"slim": slim, "keras": keras, "keras2": keras2, "timm": timm}[program]()
print(json.dumps({"logits": answer.astype(float).tolist()}))
