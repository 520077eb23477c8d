"""Writes crop_and_resize.json: what TensorFlow's crop_and_resize makes of boxes that end at the image's edge.

    pip install tensorflow-cpu
    python test/models/golden/make_crop_and_resize.py

There rounding decides whether the last row or column of a crop lies outside, and so is 0. Half of the boxes are chosen for
it. Boxes become parts of the image as in the Object Detection API: times the reciprocal of its size, in float32.
"""

import json
from pathlib import Path

import numpy as np
import tensorflow as tf

HEIGHT, WIDTH, STRIDE, CROP = 208, 160, 16, 17
SHAPE = [1, HEIGHT // STRIDE, WIDTH // STRIDE, 1]
SCALE = np.float32(1) / np.array([HEIGHT, WIDTH, HEIGHT, WIDTH], np.float32)


def crop(features, boxes):
    """[x1, y1, x2, y2] in pixels."""
    parts = boxes[:, [1, 0, 3, 2]] * SCALE
    return tf.image.crop_and_resize(features, parts, np.zeros(len(boxes), np.int32), [CROP, CROP]).numpy()


def main():
    rng = np.random.default_rng(5)
    starts = rng.uniform(0, 1, (3000, 2)).astype(np.float32) * np.array([WIDTH - 1, HEIGHT - 1], np.float32)
    boxes = np.concatenate([starts, np.full((3000, 1), WIDTH), np.full((3000, 1), HEIGHT)], 1).astype(np.float32)
    whole = crop(np.ones(SHAPE, np.float32), boxes)[..., 0]
    lost = (whole[:, -1, 0] == 0) | (whole[:, 0, -1] == 0)
    boxes = np.concatenate([boxes[lost][:20], boxes[~lost][:20]])
    features = np.round(rng.uniform(-1, 1, SHAPE) * 64).astype(np.float32)
    crops = crop(features, boxes)[..., 0]
    golden = {
        "imageSize": [HEIGHT, WIDTH],
        "crop": CROP,
        "shape": SHAPE,
        "features": features.ravel().tolist(),
        "boxes": [[float(f"{x:.9g}") for x in box] for box in boxes],
        # Row by row: the last two of each axis, and the first.
        "crops": [
            [float(f"{x:.6g}") for x in part[np.ix_([0, CROP - 2, CROP - 1], [0, CROP - 2, CROP - 1])].ravel()]
            for part in crops
        ],
    }
    text = json.dumps(golden, separators=(",", ":"))
    Path(__file__).with_name("crop_and_resize.json").write_text(text + "\n")
    print(len(text), "bytes;", int(lost.sum()), "of 3000 boxes lose a row or column")


main()
