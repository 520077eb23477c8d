"""TF-Slim's NASNet under a current TensorFlow."""

import importlib
import os
import sys
import types

os.environ["TF_USE_LEGACY_KERAS"] = "1"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import tensorflow as tensorflow2

tf = tensorflow2.compat.v1
tf.disable_v2_behavior()


class HParams:
    """tensorflow.contrib.training.HParams, as far as NASNet uses it."""

    def __init__(self, **settings):
        self.__dict__.update(settings)

    def set_hparam(self, name, value):
        setattr(self, name, value)


contrib = types.ModuleType("tensorflow.contrib")
training = types.ModuleType("tensorflow.contrib.training")
training.HParams = HParams
contrib.training = training
sys.modules["tensorflow.contrib"] = contrib
sys.modules["tensorflow.contrib.training"] = training

import object_detection
import tf_slim as slim

# TensorFlow looks for Keras's old layers under a name that newer versions of Keras 2 have not.
for module in ("", ".base", ".convolutional", ".core", ".normalization", ".pooling"):
    sys.modules[f"tf_keras.legacy_tf_layers{module}"] = importlib.import_module(f"tf_keras.src.legacy_tf_layers{module}")

# Its modules import each other as `nets`.
sys.path.insert(0, object_detection.__path__[0])
from nets.nasnet import nasnet


def build(kind, size, classes, is_training=False, **settings):
    """Logits of the network `kind` (mobile, large, cifar) for the placeholder `images`."""
    tf.reset_default_graph()
    config = getattr(nasnet, f"{kind if kind == 'cifar' else kind + '_imagenet'}_config")()
    for name, value in settings.items():
        config.set_hparam(name, value)
    images = tf.placeholder(tf.float32, [1, size, size, 3], "images")
    scope = getattr(nasnet, f"nasnet_{kind}_arg_scope")
    with slim.arg_scope(scope()):
        logits, _ = getattr(nasnet, f"build_nasnet_{kind}")(images, classes, is_training=is_training, config=config)
    return images, logits
