"""Writes the models that the server's tests run: tiny graphs whose answers follow from the pixels.

    python test/serve/golden/make_models.py        (needs onnx and numpy)

Classifiers take `images` (uint8, N x H x W x 3) and give `probabilities` (float32, N x C). Detectors take one image
and give `boxes`, `scores` and `classes`. The tests compute the expected answers by themselves, from what stands here.
"""

import json
import pathlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

HERE = pathlib.Path(__file__).parent
OPSET = 18


def constant(name, values, dtype):
    return numpy_helper.from_array(np.array(values, dtype), name)


def tensor(name, kind, shape):
    return helper.make_tensor_value_info(name, kind, shape)


def save(file, nodes, size, classes, card, constants=(), input="images"):
    images = tensor(input, TensorProto.UINT8, ["N", *size, 3])
    write(file, nodes, images, [tensor("probabilities", TensorProto.FLOAT, ["N", classes])], card, constants)


def write(file, nodes, images, outputs, card, constants):
    graph = helper.make_graph(nodes, "golden", [images], outputs, initializer=list(constants))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=9)
    helper.set_model_props(model, card)
    onnx.checker.check_model(model, full_check=True)
    (HERE / file).write_bytes(model.SerializeToString())


def card(name, size, labels, task="classification", ids=None, resize="letterbox", **about):
    fields = {"task": task, "name": name, "labels": json.dumps(labels), "input_size": json.dumps(size)}
    if task == "detection":
        fields |= {"category_ids": json.dumps(ids or list(range(len(labels)))), "resize": resize}
    return {**fields, **{f"about.{key}": json.dumps(value) for key, value in about.items()}}


# Quadrants: twelve classes, one for each quadrant and channel.
# probabilities = softmax(10 * mean of that channel over that quadrant / 255)
SIZE = [16, 24]
LABELS = [
    f"{corner} {colour}"
    for corner in ("top left", "top right", "bottom left", "bottom right")
    for colour in ("red", "green", "blue")
]


def quadrants(images="images"):
    nodes = [
        helper.make_node("Cast", [images], ["pixels"], to=TensorProto.FLOAT),
        helper.make_node("Reshape", ["pixels", "split"], ["quadrants"]),
        helper.make_node("ReduceMean", ["quadrants", "inside"], ["means"], keepdims=0),
        helper.make_node("Reshape", ["means", "flat"], ["rows"]),
        helper.make_node("Mul", ["rows", "scale"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=-1),
    ]
    constants = [
        constant("split", [-1, 2, SIZE[0] // 2, 2, SIZE[1] // 2, 3], np.int64),
        constant("inside", [2, 4], np.int64),
        constant("flat", [-1, 12], np.int64),
        constant("scale", 10 / 255, np.float32),
    ]
    return nodes, constants


nodes, constants = quadrants()
save("quadrants.onnx", nodes, SIZE, 12, card("quadrants", SIZE, LABELS, seed=7), constants)
save("mislabelled.onnx", nodes, SIZE, 12, card("mislabelled", SIZE, LABELS[:3]), constants)
save("says-detector.onnx", nodes, SIZE, 12, card("says-detector", SIZE, LABELS, task="detection"), constants)
save("no-card.onnx", nodes, SIZE, 12, {}, constants)
nodes, constants = quadrants("pictures")
save("other-input.onnx", nodes, SIZE, 12, card("other-input", SIZE, LABELS), constants, input="pictures")

# Slow: multiplies two 512 x 512 matrices as often as the brightest byte of the picture says; a black picture
# costs nothing, a white one seconds. The matrix stays what it is (all 1/512), so class 0 gets
# softmax([1, 0]) = 0.7310586 whatever happens.
body = helper.make_graph(
    [
        helper.make_node("Identity", ["more"], ["still_more"]),
        helper.make_node("MatMul", ["matrix", "matrix"], ["product"]),
    ],
    "body",
    [
        helper.make_tensor_value_info("turn", TensorProto.INT64, []),
        helper.make_tensor_value_info("more", TensorProto.BOOL, []),
        helper.make_tensor_value_info("matrix", TensorProto.FLOAT, [512, 512]),
    ],
    [
        helper.make_tensor_value_info("still_more", TensorProto.BOOL, []),
        helper.make_tensor_value_info("product", TensorProto.FLOAT, [512, 512]),
    ],
)
slow = [
    helper.make_node("Cast", ["images"], ["numbers"], to=TensorProto.INT64),
    helper.make_node("ReduceMax", ["numbers"], ["turns"], keepdims=0),
    helper.make_node(
        "ConstantOfShape", ["shape"], ["start"], value=helper.make_tensor("v", TensorProto.FLOAT, [1], [1 / 512])
    ),
    helper.make_node("Loop", ["turns", "yes", "start"], ["end"], body=body),
    helper.make_node("ReduceSum", ["end", "columns"], ["sums"], keepdims=1),
    helper.make_node("ReduceMean", ["sums"], ["one"], keepdims=0),
    helper.make_node("Unsqueeze", ["one", "axes"], ["first"]),
    helper.make_node("Concat", ["first", "zero"], ["logits"], axis=1),
    helper.make_node("Softmax", ["logits"], ["row"], axis=-1),
    helper.make_node("Shape", ["images"], ["count"], start=0, end=1),
    helper.make_node("Concat", ["count", "two"], ["answer_shape"], axis=0),
    helper.make_node("Expand", ["row", "answer_shape"], ["probabilities"]),
]
slow_constants = [
    constant("shape", [512, 512], np.int64),
    constant("yes", True, np.bool_),
    constant("columns", [1], np.int64),
    constant("axes", [0, 1], np.int64),
    constant("zero", [[0]], np.float32),
    constant("two", [2], np.int64),
]
save("slow.onnx", slow, [8, 8], 2, card("slow", [8, 8], ["first", "second"]), slow_constants)

# Detectors of colours: a pixel is red, green or blue where that channel alone is above 127. One row for each colour
# that there is: the box around all its pixels, and as its score the mean of (its channel - 127.5) / 127.5 over them.
# The highest score first; two more rows are always empty. Colours that are not there have score 0 and no sensible box.
VIEW = [48, 64]
COLOURS = ["red", "green & lime", "blue"]
IDS = [7, 20, 3]


def detector(file, card, shape=(1, 5, 4), kind=TensorProto.INT32, absent=1.0):
    """`absent`: what the sum over a colour that is not there is divided by; 0 makes its score not a number."""
    nodes = [
        helper.make_node("Cast", ["images"], ["pixels"], to=TensorProto.FLOAT),
        helper.make_node("Greater", ["pixels", "half"], ["bright"]),
        helper.make_node("Cast", ["bright"], ["ones"], to=TensorProto.FLOAT),
        helper.make_node("ReduceSum", ["ones", "channels"], ["bright_channels"], keepdims=1),
        helper.make_node("Equal", ["bright_channels", "one"], ["alone"]),
        helper.make_node("And", ["bright", "alone"], ["mask"]),
        helper.make_node("Cast", ["mask"], ["counts"], to=TensorProto.FLOAT),
        helper.make_node("ReduceSum", ["counts", "image"], ["count"], keepdims=0),
        helper.make_node("Max", ["count", "absent"], ["divisor"]),
        helper.make_node("Sub", ["pixels", "half"], ["above"]),
        helper.make_node("Where", ["mask", "above", "zero"], ["shining"]),
        helper.make_node("ReduceSum", ["shining", "image"], ["sum"], keepdims=0),
        helper.make_node("Div", ["sum", "divisor"], ["mean"]),
        helper.make_node("Div", ["mean", "half"], ["certainty"]),
    ]
    constants = [
        constant("half", 127.5, np.float32),
        constant("channels", [3], np.int64),
        constant("one", 1, np.float32),
        constant("image", [1, 2], np.int64),
        constant("absent", absent, np.float32),
        constant("zero", 0, np.float32),
        constant("far", 1e9, np.float32),
        constant("last", [-1], np.int64),
        constant("rows", [3], np.int64),
        constant("empty_boxes", np.zeros([1, 2, 4]), np.float32),
        constant("empty_scores", np.zeros([1, 2]), np.float32),
        constant("empty_classes", np.zeros([1, 2]), helper.tensor_dtype_to_np_dtype(kind)),
        constant("shape", shape, np.int64),
    ]
    for axis, places in ("x", np.arange(VIEW[1]).reshape(1, 1, -1, 1)), ("y", np.arange(VIEW[0]).reshape(1, -1, 1, 1)):
        constants += [constant(f"{axis}_left", places, np.float32), constant(f"{axis}_right", places + 1, np.float32)]
        nodes += [
            helper.make_node("Where", ["mask", f"{axis}_left", "far"], [f"{axis}_starts"]),
            helper.make_node("ReduceMin", [f"{axis}_starts", "image"], [f"{axis}1"], keepdims=0),
            helper.make_node("Where", ["mask", f"{axis}_right", "zero"], [f"{axis}_ends"]),
            helper.make_node("ReduceMax", [f"{axis}_ends", "image"], [f"{axis}2"], keepdims=0),
        ]
    corners = ["x1", "y1", "x2", "y2"]
    nodes += [helper.make_node("Unsqueeze", [corner, "last"], [f"{corner}_column"]) for corner in corners]
    nodes += [
        helper.make_node("Concat", [f"{corner}_column" for corner in corners], ["unsorted"], axis=2),
        helper.make_node("TopK", ["certainty", "rows"], ["sorted_scores", "order"]),
        helper.make_node("Reshape", ["order", "rows"], ["indices"]),
        helper.make_node("Gather", ["unsorted", "indices"], ["sorted_boxes"], axis=1),
        helper.make_node("Cast", ["order"], ["sorted_classes"], to=kind),
        helper.make_node("Concat", ["sorted_boxes", "empty_boxes"], ["all_boxes"], axis=1),
        helper.make_node("Reshape", ["all_boxes", "shape"], ["boxes"]),
        helper.make_node("Concat", ["sorted_scores", "empty_scores"], ["scores"], axis=1),
        helper.make_node("Concat", ["sorted_classes", "empty_classes"], ["classes"], axis=1),
    ]
    outputs = [
        tensor("boxes", TensorProto.FLOAT, shape),
        tensor("scores", TensorProto.FLOAT, [1, 5]),
        tensor("classes", kind, [1, 5]),
    ]
    write(file, nodes, tensor("images", TensorProto.UINT8, [1, *VIEW, 3]), outputs, card, constants)


def detector_card(name, labels=COLOURS, resize="letterbox"):
    return card(name, VIEW, labels, task="detection", ids=IDS[: len(labels)], resize=resize)


detector("detector.onnx", detector_card("detector"))
detector("stretching.onnx", detector_card("stretching", resize="stretch"))
detector("says-classifier.onnx", card("says-classifier", VIEW, COLOURS))
detector("no-batch.onnx", detector_card("no-batch"), shape=(5, 4))
detector("int64-classes.onnx", detector_card("int64-classes"), kind=TensorProto.INT64)
detector("unlabelled.onnx", detector_card("unlabelled", COLOURS[:2]))
detector("nan-scores.onnx", detector_card("nan-scores"), absent=0.0)

# Brightness: two classes. With b the brightest byte of an image, its answer is [b / 250, 1 - b / 250]; that of b = 150 is not
# a number, and the model fails on the whole batch where b is above 250.
table = np.stack([np.arange(251) / 250, 1 - np.arange(251) / 250], 1)
table[150] = np.nan
nodes = [
    helper.make_node("Cast", ["images"], ["numbers"], to=TensorProto.INT64),
    helper.make_node("ReduceMax", ["numbers", "image"], ["brightest"], keepdims=0),
    helper.make_node("Gather", ["table", "brightest"], ["probabilities"], axis=0),
]
constants = [constant("image", [1, 2, 3], np.int64), constant("table", table, np.float32)]
save("brightness.onnx", nodes, [8, 8], 2, card("brightness", [8, 8], ["bright", "dark"]), constants)

# Neighbours: the same for batches of one image, but in larger ones the brightest of all images counts.
nodes = [
    nodes[0],
    helper.make_node("ReduceMax", ["numbers"], ["brightest"], keepdims=0),
    helper.make_node("Shape", ["images"], ["count"], start=0, end=1),
    helper.make_node("Expand", ["brightest", "count"], ["each"]),
    helper.make_node("Gather", ["table", "each"], ["probabilities"], axis=0),
]
save("neighbours.onnx", nodes, [8, 8], 2, card("neighbours", [8, 8], ["bright", "dark"]), constants[1:])

# Averages: a detector that takes batches. An image's only box begins at 0, 0; its width is the mean of green, its height
# that of blue, its score that of red / 255.
nodes = [
    helper.make_node("Cast", ["images"], ["pixels"], to=TensorProto.FLOAT),
    helper.make_node("ReduceMean", ["pixels", "image"], ["means"], keepdims=0),
    helper.make_node("Split", ["means", "parts"], ["red", "size"], axis=1),
    helper.make_node("Div", ["red", "white"], ["scores"]),
    helper.make_node("Mul", ["size", "zero"], ["origin"]),
    helper.make_node("Concat", ["origin", "size"], ["rows"], axis=1),
    helper.make_node("Unsqueeze", ["rows", "one"], ["boxes"]),
    helper.make_node("Mul", ["red", "zero"], ["zeros"]),
    helper.make_node("Cast", ["zeros"], ["classes"], to=TensorProto.INT32),
]
constants = [
    constant("image", [1, 2], np.int64),
    constant("parts", [1, 2], np.int64),
    constant("white", 255, np.float32),
    constant("zero", 0, np.float32),
    constant("one", [1], np.int64),
]
outputs = [
    tensor("boxes", TensorProto.FLOAT, ["N", 1, 4]),
    tensor("scores", TensorProto.FLOAT, ["N", 1]),
    tensor("classes", TensorProto.INT32, ["N", 1]),
]
images = tensor("images", TensorProto.UINT8, ["N", *VIEW, 3])
write("averages.onnx", nodes, images, outputs, detector_card("averages", COLOURS[:1]), constants)
