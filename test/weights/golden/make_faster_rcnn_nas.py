"""Writes faster_rcnn_nas.json: what the TensorFlow Object Detection API's own faster_rcnn_nas finds, made tiny.

    pip install tensorflow-cpu tf_keras tf-slim
    pip install --no-deps tf-models-research-object-detection contextlib2
    python test/weights/golden/make_faster_rcnn_nas.py

The graph is built by the API from a config with the values of faster_rcnn_nas_coco.config; only filters, sizes, counts and
classes are smaller. Weights and image are drawn from a generator that the test has too, so that the file holds results
only: a variable is drawn by the name that it has in the toolkit for the backbone, and by its own name for the rest.
"""

import importlib
import importlib.abc
import importlib.machinery
import json
import os
import re
import sys
from pathlib import Path
from unittest.mock import MagicMock

os.environ["TF_USE_LEGACY_KERAS"] = "1"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
# The API's generated protobuf code is older than the installed runtime.
os.environ["PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION"] = "python"
import numpy as np
import tensorflow.compat.v1 as tf

np.int = int

tf.disable_v2_behavior()
tf.logging.set_verbosity(tf.logging.ERROR)


class HParams:
    """The part of tensorflow.contrib.training.HParams that Slim's NASNet uses."""

    def __init__(self, **values):
        self.__dict__.update(values)

    def set_hparam(self, name, value):
        setattr(self, name, value)


class Absent(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Stands for modules that the API imports for other models, and that are not installed."""

    NAMES = ("scipy", "tensorflow.contrib", "lvis", "pycocotools", "matplotlib", "cv2", "pandas", "PIL")

    def find_spec(self, name, path, target=None):
        if not any(name == known or name.startswith(known + ".") for known in self.NAMES):
            return None
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        module = MagicMock(name=spec.name)
        module.__path__ = []
        if spec.name == "tensorflow.contrib":
            module.training.HParams = HParams
        return module

    def exec_module(self, module):
        pass


sys.meta_path.append(Absent())
# TensorFlow looks for its layers of version 1 where tf_keras no longer has them.
for part in ("", ".base", ".core", ".convolutional", ".normalization", ".pooling"):
    sys.modules["tf_keras.legacy_tf_layers" + part] = importlib.import_module(
        "tf_keras.src.legacy_tf_layers" + part
    )

import object_detection

sys.path.append(str(Path(object_detection.__file__).parent))
from nets.nasnet import nasnet
from object_detection.utils import tf_version

tf_version.is_tf2 = lambda: False
tf_version.is_tf1 = lambda: True
from google.protobuf import text_format
from object_detection.builders import model_builder
from object_detection.protos import model_pb2

HEIGHT, WIDTH, CLASSES, FILTERS, CROP = 208, 160, 5, 8, 9

original = nasnet.large_imagenet_config


def small_config():
    config = original()
    config.set_hparam("num_conv_filters", FILTERS)
    config.set_hparam("stem_multiplier", 0.25)
    return config


nasnet.large_imagenet_config = small_config

CONFIG = f"""
faster_rcnn {{
  num_classes: {CLASSES}
  image_resizer {{ fixed_shape_resizer {{ height: {HEIGHT} width: {WIDTH} }} }}
  feature_extractor {{ type: 'faster_rcnn_nas' }}
  first_stage_anchor_generator {{
    grid_anchor_generator {{
      height: 64 width: 64
      scales: [0.25, 0.5, 1.0, 2.0] aspect_ratios: [0.5, 1.0, 2.0] height_stride: 16 width_stride: 16
    }}
  }}
  first_stage_box_predictor_depth: 12
  first_stage_box_predictor_conv_hyperparams {{
    op: CONV
    regularizer {{ l2_regularizer {{ weight: 0.0 }} }}
    initializer {{ truncated_normal_initializer {{ stddev: 0.01 }} }}
  }}
  first_stage_nms_score_threshold: 0.0
  first_stage_nms_iou_threshold: 0.7
  first_stage_max_proposals: 20
  first_stage_localization_loss_weight: 2.0
  first_stage_objectness_loss_weight: 1.0
  second_stage_batch_size: 19
  initial_crop_size: {CROP}
  maxpool_kernel_size: 1
  maxpool_stride: 1
  second_stage_box_predictor {{
    mask_rcnn_box_predictor {{
      use_dropout: false
      dropout_keep_probability: 1.0
      fc_hyperparams {{
        op: FC
        regularizer {{ l2_regularizer {{ weight: 0.0 }} }}
        initializer {{ variance_scaling_initializer {{ factor: 1.0 uniform: true mode: FAN_AVG }} }}
      }}
    }}
  }}
  second_stage_post_processing {{
    batch_non_max_suppression {{
      score_threshold: 0.0 iou_threshold: 0.6 max_detections_per_class: 60 max_total_detections: 60
    }}
    score_converter: SOFTMAX
  }}
  second_stage_localization_loss_weight: 2.0
  second_stage_classification_loss_weight: 1.0
}}
"""


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


def main():
    model = model_builder.build(text_format.Parse(CONFIG, model_pb2.DetectionModel()), is_training=False)
    images = tf.placeholder(tf.float32, [1, HEIGHT, WIDTH, 3])
    preprocessed, shapes = model.preprocess(images)
    predicted = model.predict(preprocessed, shapes)
    found = model.postprocess(predicted, shapes)
    crops = model._compute_second_stage_input_feature_maps(
        predicted["rpn_features_to_crop"], predicted["proposal_boxes_normalized"], predicted["image_shape"]
    )
    with tf.Session() as session:
        variables = tf.global_variables()
        values = {v.initializer.inputs[1]: value_of(v).astype(v.dtype.as_numpy_dtype) for v in variables}
        session.run([variable.initializer for variable in variables], values)
        fetched = {
            "features": predicted["rpn_features_to_crop"][0],
            "hidden": predicted["rpn_box_predictor_features"][0],
            "objectness": predicted["rpn_objectness_predictions_with_background"],
            "encodings": predicted["rpn_box_encodings"],
            "anchors": predicted["anchors"],
            "proposals": predicted["proposal_boxes"],
            "count": predicted["num_proposals"],
            "crops": crops,
            "logits": predicted["class_predictions_with_background"],
            "refined": predicted["refined_box_encodings"],
            "boxes": found["detection_boxes"],
            "scores": found["detection_scores"],
            "classes": found["detection_classes"],
            "detections": found["num_detections"],
        }
        results = session.run(fetched, {images: picture()})
        variables = {v.op.name: v.shape.as_list() for v in tf.global_variables()}
    report(results, variables)
    for name in results:
        results[name] = np.asarray(results[name])
    kept = int(results["detections"][0])
    y1, x1, y2, x2 = (results["boxes"][0, :kept] * [HEIGHT, WIDTH, HEIGHT, WIDTH]).T
    golden = {
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
