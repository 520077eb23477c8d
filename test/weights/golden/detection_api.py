"""Builds the TensorFlow Object Detection API's own faster_rcnn_nas under a current TensorFlow.

    pip install tensorflow-cpu tf_keras tf-slim
    pip install --no-deps tf-models-research-object-detection contextlib2

The graph is built by the API from a config with the values of faster_rcnn_nas_coco.config; only the sizes that build() takes
may differ.
"""

import importlib
import importlib.abc
import importlib.machinery
import os
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

published = nasnet.large_imagenet_config


def build(*, height, width, classes, base, rpn_filters, proposals, crop, detections, filters=168, stem=3.0):
    """The model for inference, and its placeholder, predictions, detections and crops."""

    def config():
        values = published()
        values.set_hparam("num_conv_filters", filters)
        values.set_hparam("stem_multiplier", stem)
        return values

    nasnet.large_imagenet_config = config
    text = f"""
faster_rcnn {{
  num_classes: {classes}
  image_resizer {{ fixed_shape_resizer {{ height: {height} width: {width} }} }}
  feature_extractor {{ type: 'faster_rcnn_nas' }}
  first_stage_anchor_generator {{
    grid_anchor_generator {{
      height: {base} width: {base}
      scales: [0.25, 0.5, 1.0, 2.0] aspect_ratios: [0.5, 1.0, 2.0] height_stride: 16 width_stride: 16
    }}
  }}
  first_stage_box_predictor_depth: {rpn_filters}
  first_stage_box_predictor_conv_hyperparams {{
    op: CONV
    regularizer {{ l2_regularizer {{ weight: 0.0 }} }}
    initializer {{ truncated_normal_initializer {{ stddev: 0.01 }} }}
  }}
  first_stage_nms_score_threshold: 0.0
  first_stage_nms_iou_threshold: 0.7
  first_stage_max_proposals: {proposals}
  first_stage_localization_loss_weight: 2.0
  first_stage_objectness_loss_weight: 1.0
  second_stage_batch_size: {proposals - 1}
  initial_crop_size: {crop}
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
      score_threshold: 0.0 iou_threshold: 0.6 max_detections_per_class: {detections} max_total_detections: {detections}
    }}
    score_converter: SOFTMAX
  }}
  second_stage_localization_loss_weight: 2.0
  second_stage_classification_loss_weight: 1.0
}}
"""
    model = model_builder.build(text_format.Parse(text, model_pb2.DetectionModel()), is_training=False)
    images = tf.placeholder(tf.float32, [1, height, width, 3])
    preprocessed, shapes = model.preprocess(images)
    predicted = model.predict(preprocessed, shapes)
    found = model.postprocess(predicted, shapes)
    crops = model._compute_second_stage_input_feature_maps(
        predicted["rpn_features_to_crop"], predicted["proposal_boxes_normalized"], predicted["image_shape"]
    )
    return images, {
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


def initialize(session, value_of):
    """Gives each variable the value of value_of(variable)."""
    variables = tf.global_variables()
    values = {v.initializer.inputs[1]: value_of(v).astype(v.dtype.as_numpy_dtype) for v in variables}
    session.run([variable.initializer for variable in variables], values)
