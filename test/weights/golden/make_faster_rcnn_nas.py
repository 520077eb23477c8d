"""Writes faster_rcnn_nas.json: what the TensorFlow Object Detection API's own faster_rcnn_nas finds, made tiny.

    python test/weights/golden/make_faster_rcnn_nas.py

detection_api.py says what must be installed. Weights and image are drawn from a generator that the test has too, so that the file holds results
only: a variable is drawn by the name that it has in the toolkit for the backbone, and by its own name for the rest.
"""

import hashlib
import json
import re
from pathlib import Path

import detection_api
import numpy as np

tf = detection_api.tf
HEIGHT, WIDTH, CLASSES, FILTERS, CROP = 208, 160, 5, 8, 9


def draw(key, count):
    """`count` numbers in [-1, 1): a linear congruential generator that FNV-1a of the key starts."""
    state = 2166136261
    for byte in key.encode():
        state = ((state ^ byte) * 16777619) % 2**32
    numbers = np.empty(count)
    for i in range(count):
        state = (state * 1664525 + 1013904223) % 2**32
        numbers[i] = state / 2**31 - 1
    return numbers


def toolkit_path(name):
    """The toolkit's path of a variable of Slim's backbone."""
    name = re.sub(r"^(First|Second)StageFeatureExtractor/", "", name)
    name = name.replace("conv0/weights", "stem/kernel").replace("conv0_bn/", "stem/batch_norm/")
    name = name.replace("cell_stem_", "stem_").replace("reduction_cell_", "reduction_")
    name = re.sub(r"/1x1/weights$", "/current/kernel", name)
    name = name.replace("/beginning_bn/", "/current/batch_norm/")
    name = re.sub(r"/prev_1x1/weights$", "/previous/kernel", name)
    name = re.sub(r"/(prev_bn|final_path_bn)/", "/previous/batch_norm/", name)
    name = re.sub(r"/path(\d)_conv/weights$", r"/previous/path_\1/kernel", name)
    name = re.sub(r"/comb_iter_(\d)/", lambda match: f"/block_{int(match[1]) + 2}/", name)
    name = re.sub(r"/separable_\dx\d_(\d)/(depthwise|pointwise)_weights$", r"/separable_\1/\2", name)
    return re.sub(r"/bn_sep_\dx\d_(\d)/", r"/separable_\1/batch_norm/", name)


def value_of(variable):
    name, shape = variable.op.name, variable.shape.as_list()
    backbone = "FeatureExtractor/" in name
    numbers = draw(toolkit_path(name) if backbone else name, int(np.prod(shape))).reshape(shape)
    kind = name.split("/")[-1]
    if backbone and kind == "gamma":
        return 1 + 0.25 * numbers
    if backbone and kind == "moving_variance":
        return 1 + 0.5 * numbers
    if len(shape) == 1:
        return 0.25 * numbers
    fan_in = np.prod(shape[:2]) if kind == "depthwise_weights" else np.prod(shape[:-1])
    return GAINS.get(name, 1.5) / np.sqrt(fan_in) * numbers


# Objectness and classes with clear ranks, RPN features on both sides of 6.
GAINS = {
    "Conv/weights": 12,
    "FirstStageBoxPredictor/ClassPredictor/weights": 1,
    "FirstStageBoxPredictor/BoxEncodingPredictor/weights": 3,
    "SecondStageBoxPredictor/ClassPredictor/weights": 6,
    "SecondStageBoxPredictor/BoxEncodingPredictor/weights": 6,
}


def picture():
    """Blocks of 16 pixels of one colour, bytes."""
    blocks = np.floor((draw("picture", HEIGHT // 16 * (WIDTH // 16) * 3) + 1) * 128)
    blocks = blocks.reshape(HEIGHT // 16, WIDTH // 16, 3)
    return np.repeat(np.repeat(blocks, 16, 0), 16, 1)[None].astype(np.float32)


def digest_of_released():
    """Names and shapes of the released detector's variables, in short."""
    tf.reset_default_graph()
    detection_api.build(
        height=1200, width=1200, classes=90, base=256, rpn_filters=512, proposals=50, crop=17, detections=100
    )
    lines = sorted(f"{v.op.name} {v.shape.as_list()}" for v in tf.global_variables())
    return {"tensors": len(lines), "sha256": hashlib.sha256("\n".join(lines).encode()).hexdigest()}


def main():
    images, fetched = detection_api.build(
        height=HEIGHT, width=WIDTH, classes=CLASSES, base=64, rpn_filters=12, proposals=20, crop=CROP, detections=60,
        filters=FILTERS, stem=0.25,
    )
    with tf.Session() as session:
        detection_api.initialize(session, value_of)
        results = session.run(fetched, {images: picture()})
        variables = {v.op.name: v.shape.as_list() for v in tf.global_variables()}
    report(results, variables)
    for name in results:
        results[name] = np.asarray(results[name])
    kept = int(results["detections"][0])
    y1, x1, y2, x2 = (results["boxes"][0, :kept] * [HEIGHT, WIDTH, HEIGHT, WIDTH]).T
    golden = {
        "released": digest_of_released(),
        "imageSize": [HEIGHT, WIDTH],
        "classes": CLASSES,
        "filters": FILTERS,
        "crop": CROP,
        "variables": {
            name: shape
            for name, shape in variables.items()
            if "FeatureExtractor/" not in name and name != "global_step"
        },
        "features": sampled(results["features"]),
        "objectness": sampled(results["objectness"]),
        "encodings": sampled(results["encodings"]),
        "anchors": sampled(results["anchors"]),
        "proposals": {"found": int(results["count"][0]), "boxes": rounded(results["proposals"][0])},
        "crops": sampled(results["crops"]),
        "logits": rounded(results["logits"].reshape(-1, CLASSES + 1)),
        "refined": rounded(results["refined"].reshape(-1, CLASSES * 4)),
        "detections": {
            "boxes": rounded(np.stack([x1, y1, x2, y2], 1)),
            "scores": rounded(results["scores"][0, :kept]),
            "classes": results["classes"][0, :kept].astype(int).tolist(),
        },
    }
    text = json.dumps(golden, separators=(",", ":"))
    Path(__file__).with_name("faster_rcnn_nas.json").write_text(text + "\n")
    print(len(text), "bytes")


def sampled(numbers, count=300):
    """Some of the numbers, and where they lie in the flat array."""
    flat = np.asarray(numbers, np.float32).ravel()
    step = max(1, flat.size // count) | 1
    return {"shape": list(numbers.shape), "step": step, "values": rounded(flat[::step])}


def rounded(numbers):
    """Nested lists with as many digits as a float32 has."""
    return [rounded(row) if np.ndim(row) else float(f"{row:.8g}") for row in numbers]


def report(results, variables):
    print(sum(int(np.prod(shape)) for shape in variables.values()), "numbers in", len(variables), "variables")
    for name, value in results.items():
        value = np.asarray(value)
        print(name, value.shape, "mean", value.mean(), "std", value.std(), "max", np.abs(value).max())


if __name__ == "__main__":
    main()
