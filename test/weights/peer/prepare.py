"""Prints what a program answers for pictures that it prepares itself, as JSON: {"answers", "rounded"}, each a list of 1,000
probabilities for each picture. For "rounded", the prepared pixels are rounded to bytes, as a model.onnx takes them.

    python prepare.py slim|timm mobile|large SIDE WEIGHTS PICTURE...

WEIGHTS is a file that answer.py wrote.
"""

import json
import sys
from pathlib import Path

import numpy as np

program, kind, side, weights, *pictures = sys.argv[1:]
side = int(side)


def slim():
    import importlib.util

    import object_detection

    sys.path.insert(0, str(Path(__file__).parent.parent / "golden"))
    import slim_network

    tf = slim_network.tf
    # By its path: its package asks for modules that no longer exist.
    path = Path(object_detection.__path__[0], "preprocessing", "inception_preprocessing.py")
    spec = importlib.util.spec_from_file_location("inception_preprocessing", path)
    preprocessing = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(preprocessing)

    images, logits = slim_network.build(kind, side, 1001)
    averages = tf.train.ExponentialMovingAverage(0.9999)
    saver = tf.train.Saver(averages.variables_to_restore(tf.global_variables()))
    encoded = tf.placeholder(tf.string, [])
    # By default TensorFlow decodes by a faster, less exact transform than other programs.
    decoded = tf.image.decode_jpeg(encoded, channels=3, dct_method="INTEGER_ACCURATE")
    prepared = preprocessing.preprocess_for_eval(decoded, side, side)
    probabilities = tf.nn.softmax(logits[:, 1:])
    with tf.Session() as session:
        saver.restore(session, weights)
        for picture in pictures:
            pixels = session.run(prepared, {encoded: Path(picture).read_bytes()})
            yield [
                session.run(probabilities, {images: prepared[None]})[0]
                for prepared in (pixels, np.rint((pixels + 1) * 127.5) / 127.5 - 1)
            ]


def timm():
    import torch
    from PIL import Image
    from safetensors.torch import load_file
    from timm import create_model
    from timm.data import create_transform, resolve_data_config

    model = create_model("nasnetalarge").eval()
    model.load_state_dict(load_file(weights))
    transform = create_transform(**resolve_data_config({}, model=model))
    with torch.no_grad():
        for picture in pictures:
            image = transform(Image.open(picture).convert("RGB"))
            # Pillow has rounded to bytes already.
            yield [torch.softmax(model(image[None])[0], 0).numpy()] * 2


answers = {"slim": slim, "timm": timm}[program]()
exact, rounded = zip(*answers)
print(json.dumps({name: np.array(rows, float).tolist() for name, rows in (("answers", exact), ("rounded", rounded))}))
