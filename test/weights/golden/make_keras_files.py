"""Writes keras/*: a tiny model in every form in which Keras saves weights, and files that only look like those.

    pip install tensorflow keras==3.15.1 tf_keras==2.21.0 h5py==3.14.0
    python test/weights/golden/make_keras_files.py

Layers are named as in Keras's NASNet. Each variable holds ((s + 7 i) mod 129 - 64) / 64, where i counts its numbers and s is
the sum of the codes of the letters of LAYER/VARIABLE: exact in float16 and bfloat16 too. The test computes them again.
`*.keras2.*` are of Keras 2 (tf_keras), the others of Keras 3.
"""

import os
import zipfile
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import h5py
import keras
import numpy as np
import tf_keras

FOLDER = Path(__file__).parent / "keras"
# Of the root of this folder, so that no link leads anywhere.
NOWHERE = "nowhere.h5"


def build(keras, policy="float32", nested=False):
    layers = keras.layers
    start = image = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, use_bias=False, name="stem_conv1", dtype=policy)(image)
    x = layers.BatchNormalization(name="stem_bn1", dtype=policy)(x)
    x = layers.SeparableConv2D(2, 3, use_bias=False, name="separable_conv_1_normal_left1_0", dtype=policy)(x)
    # Without gamma: three variables, of which the file does not say which they are.
    x = layers.BatchNormalization(scale=False, name="separable_conv_1_bn_normal_left1_0", dtype=policy)(x)
    x = layers.Conv2D(2, 1, use_bias=False, name="normal_conv_1_0", dtype=policy)(x)
    if nested:
        image = keras.Input((8, 8, 3))
        x = keras.Model(start, x, name="NASNet")(image)
        x = layers.Conv2D(2, 1, name="stem_conv1")(x)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    x = layers.Dense(3, name="predictions", dtype=policy)(x)
    model = keras.Model(image, x)
    fill(model)
    return model


def fill(model):
    for layer in model.layers:
        if hasattr(layer, "layers"):
            fill(layer)
            continue
        for variable in layer.weights:
            name = f"{layer.name}/{variable.name.split('/')[-1].split(':')[0]}"
            count = int(np.prod(variable.shape))
            numbers = ((sum(map(ord, name)) + 7 * np.arange(count)) % 129 - 64) / 64
            variable.assign(numbers.reshape(variable.shape))


def strange(name):
    """A file of one layer, "a", whose one variable is still to be made, in the group that is returned."""
    file = h5py.File(FOLDER / f"{name}.h5", "w", libver="latest")
    file.attrs["layer_names"] = ["a"]
    layer = file.create_group("a")
    layer.attrs["weight_names"] = ["a/kernel:0"]
    return layer.create_group("a")


FOLDER.mkdir(exist_ok=True)
os.chdir(FOLDER)
model = build(keras)
model.save("model.h5")
model.save_weights("model.weights.h5")
model.save("model.keras")
model2 = build(tf_keras)
model2.save_weights("weights.keras2.h5")
model2.save_weights("model.keras2.weights.h5")
model2.save("model.keras2.keras")
with zipfile.ZipFile("model.keras") as stored, zipfile.ZipFile("deflated.keras", "w", zipfile.ZIP_DEFLATED) as deflated:
    for info in stored.infolist():
        deflated.writestr(info.filename, stored.read(info))
trained = build(keras, nested=True)
trained.save("nested.h5")
trained.compile("adam", "mse")
trained.fit(np.zeros((1, 8, 8, 3)), np.zeros((1, 3)), verbose=0)
fill(trained)
trained.save("nested.keras")
build(keras, "float16").save_weights("float16.weights.h5")
build(keras, "bfloat16").save_weights("bfloat16.weights.h5")
build(keras, "float64").save("float64.h5")

strange("external-link")["kernel:0"] = h5py.ExternalLink(NOWHERE, "/kernel")
strange("soft-link")["kernel:0"] = h5py.SoftLink("/a")
strange("external-storage").create_dataset("kernel:0", (4,), "f4", external=[(NOWHERE, 0, 16)])
layout = h5py.VirtualLayout((4,), "f4")
layout[:] = h5py.VirtualSource(NOWHERE, "kernel", (4,))
strange("virtual").create_virtual_dataset("kernel:0", layout)
strange("lzf").create_dataset("kernel:0", data=np.zeros(100, "f4"), compression="lzf")
strange("text")["kernel:0"] = "abc"
reference = strange("reference")
reference.create_dataset("kernel:0", data=[reference.ref], dtype=h5py.ref_dtype)
strange("shape-bomb").create_dataset("kernel:0", (2**40,), "f4", chunks=(1024,))
strange("chunk-bomb").create_dataset("kernel:0", (2**28,), "f4", chunks=(2**28,))
loop = h5py.File("loop.weights.h5", "w").create_group("layers/dense")
loop["again"] = loop.parent
h5py.File("other.h5", "w")["numbers"] = np.zeros(3)

# Good, but in ways in which Keras does not write.
numbers = np.arange(60, dtype=">f4").reshape(20, 3)
strange("compressed").create_dataset("kernel:0", data=numbers, compression="gzip", shuffle=True, fletcher32=True)
cut = h5py.File("cut-lists.h5", "w", libver="latest")
for i, names in enumerate((["a", "b"], ["c"])):
    cut.attrs[f"layer_names{i}"] = np.array(names, "S")
for i, name in enumerate("abc"):
    cut.create_group(name).attrs["weight_names0"] = np.array([f"{name}/bias:0"], "S9")
    cut[f"{name}/{name}/bias:0"] = np.full(2, i, "i8")
