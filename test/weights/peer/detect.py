"""Writes a checkpoint of faster_rcnn_nas with random numbers, by the Object Detection API and TensorFlow's own Saver, and what
the API finds in a picture with them.

    python detect.py small|large SIDE SEED PICTURE FOLDER

PICTURE holds SIDE x SIDE x 3 bytes. FOLDER gets model.ckpt, NAME.bin for each result (float32, row-major) and prints their
shapes as JSON. Batch norm's statistics are random too, so that each number counts.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "golden"))
import detection_api
import numpy as np

tf = detection_api.tf
kind, side, seed, picture, folder = sys.argv[1:]
side, folder = int(side), Path(folder)
random = np.random.default_rng(int(seed))

SMALL = dict(classes=90, base=256, rpn_filters=32, proposals=50, crop=17, detections=100, filters=8, stem=0.25)
LARGE = dict(classes=90, base=256, rpn_filters=512, proposals=50, crop=17, detections=100)

# Objectness and classes with clear ranks, RPN features on both sides of 6, boxes that move and grow.
DEVIATIONS = {
    "Conv/weights": 9,
    "FirstStageBoxPredictor/ClassPredictor/weights": 0.4,
    "FirstStageBoxPredictor/BoxEncodingPredictor/weights": 0.8,
    "SecondStageBoxPredictor/ClassPredictor/weights": 6,
    "SecondStageBoxPredictor/BoxEncodingPredictor/weights": 3,
}


def value_of(variable):
    name, shape = variable.op.name, variable.shape.as_list()
    if name == "global_step":
        return np.array(7)
    if name.endswith("gamma"):
        return random.uniform(0.6, 1.4, shape)
    if name.endswith("variance"):
        return random.uniform(0.5, 1.5, shape)
    if len(shape) == 1:
        return random.normal(0, 0.1, shape)
    fan = np.prod(shape[:2]) if "depthwise" in name else np.prod(shape[:-1])
    return random.normal(0, DEVIATIONS.get(name, 1) / np.sqrt(fan), shape)


images, fetched = detection_api.build(height=side, width=side, **(SMALL if kind == "small" else LARGE))
tf.train.get_or_create_global_step()
pixels = np.fromfile(picture, np.uint8).reshape(1, side, side, 3).astype(np.float32)
with tf.Session() as session:
    detection_api.initialize(session, value_of)
    tf.train.Saver().save(session, str(folder / "model.ckpt"), write_meta_graph=False)
    results = session.run(fetched, {images: pixels})
shapes = {}
for name, value in results.items():
    value = np.asarray(value, np.float32)
    value.tofile(folder / f"{name}.bin")
    shapes[name] = value.shape
    print(name, value.shape, "std", value.std(), "max", np.abs(value).max(), file=sys.stderr)
print(json.dumps(shapes))
