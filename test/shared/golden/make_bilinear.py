"""Writes bilinear.json: pictures that TensorFlow 1's bilinear interpolation has scaled, and TF-Slim's central crop.

Run with a Python that has tensorflow and tf-models-research-object-detection, which holds TF-Slim's preprocessing.
"""

import base64
import importlib.util
import json
from pathlib import Path

import numpy as np
import object_detection
import tensorflow as tensorflow2

tf = tensorflow2.compat.v1
tf.disable_v2_behavior()
# By its path: its package asks for modules that no longer exist. TensorFlow 1's name of the interpolation is the same.
path = Path(object_detection.__path__[0], "preprocessing", "inception_preprocessing.py")
spec = importlib.util.spec_from_file_location("inception_preprocessing", path)
preprocessing = importlib.util.module_from_spec(spec)
spec.loader.exec_module(preprocessing)

random = np.random.default_rng(5)
text = lambda array: base64.b64encode(array.astype(np.uint8).tobytes()).decode()
cases = []
with tf.Session() as session:
    for width, height, to_width, to_height in [(9, 7, 5, 5), (13, 22, 8, 6), (5, 4, 11, 9), (16, 16, 16, 16), (3, 40, 7, 7)]:
        image = random.integers(0, 256, (height, width, 3), np.uint8)
        plain = tf.image.resize_bilinear(image[None].astype(np.float32), [to_height, to_width], align_corners=False)[0]
        evaluated = (preprocessing.preprocess_for_eval(tf.constant(image), to_height, to_width) + 1) * 127.5
        plain, evaluated = session.run([plain, evaluated])
        cases.append(
            {
                "from": [width, height],
                "to": [to_width, to_height],
                "pixels": text(image),
                "scaled": [round(float(value), 3) for value in plain.ravel()],
                "evaluated": [round(float(value), 3) for value in evaluated.ravel()],
            }
        )
Path(__file__).with_name("bilinear.json").write_text("[\n" + ",\n".join(map(json.dumps, cases)) + "\n]\n")
