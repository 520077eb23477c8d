"""Writes inception.json: what TensorFlow's own functions make of small images, and how its random crops are spread.

Needs: tensorflow 2. Run: python make_inception.py
"""

import json
import os
import pathlib

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(0)
rng = np.random.default_rng(0)
digits = lambda values: [round(float(v), 6) for v in np.asarray(values).ravel()]

# Colours inside and outside of [0, 1], greys and equal channels among them.
colours = rng.uniform(-0.3, 1.3, (1, 24, 3)).astype(np.float32)
colours[0, :6] = [[0, 0, 0], [1, 1, 1], [0.5, 0.5, 0.2], [0.2, 0.5, 0.5], [-0.2, -0.1, -0.3], [0.7, 0.1, 0.7]]
colours = np.round(colours, 4).astype(np.float32)
steps = {
    "brightness": (tf.image.adjust_brightness, [-0.1, 0.12]),
    "saturation": (tf.image.adjust_saturation, [0.5, 1.5]),
    "hue": (tf.image.adjust_hue, [-0.2, 0.05, 0.2]),
    "contrast": (tf.image.adjust_contrast, [0.5, 1.5]),
}
changes = [
    {"kind": kind, "amount": amount, "result": digits(function(colours, amount))}
    for kind, (function, amounts) in steps.items()
    for amount in amounts
]

image = rng.integers(0, 256, (11, 7, 3), dtype=np.uint8)
as_floats = tf.image.convert_image_dtype(image, tf.float32)[None]
kernels = {
    "bilinear": tf.raw_ops.ResizeBilinear,
    "nearest": tf.raw_ops.ResizeNearestNeighbor,
    "bicubic": tf.raw_ops.ResizeBicubic,
    "area": tf.raw_ops.ResizeArea,
}


def resized(kernel, size):
    extra = {} if kernel is tf.raw_ops.ResizeArea else {"half_pixel_centers": False}
    return digits(kernel(images=as_floats, size=[size, size], align_corners=False, **extra))


resizes = [
    {"method": name, "size": size, "result": resized(kernel, size)}
    for name, kernel in kernels.items()
    for size in (5, 13)
]


def crops(height, width, count=20000):
    boxes = []
    for i in range(count):
        begin, size, _ = tf.image.stateless_sample_distorted_bounding_box(
            [height, width, 3],
            [[[0.0, 0.0, 1.0, 1.0]]],
            seed=[i, 7],
            min_object_covered=0.1,
            aspect_ratio_range=(0.75, 1.33),
            area_range=(0.05, 1.0),
            max_attempts=100,
            use_image_if_no_bounding_boxes=True,
        )
        boxes.append([*begin.numpy()[:2], *size.numpy()[:2]])
    top, left, tall, wide = np.array(boxes, dtype=float).T
    tenths = lambda values: digits(np.quantile(values, np.arange(0, 1.01, 0.1)))
    return {
        "height": height,
        "width": width,
        "area": tenths(wide * tall / (height * width)),
        "aspect": tenths(wide / tall),
        "left": tenths(left / width),
        "top": tenths(top / height),
    }


result = {
    "colours": digits(colours),
    "changes": changes,
    "image": {"height": 11, "width": 7, "pixels": image.ravel().tolist()},
    "resizes": resizes,
    "crops": [crops(375, 500), crops(300, 200)],
}
path = pathlib.Path(__file__).with_name("inception.json")
path.write_text(json.dumps(result, separators=(",", ":")) + "\n")
