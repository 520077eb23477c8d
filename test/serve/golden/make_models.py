"""Writes the models that the server's tests run: tiny graphs whose answers follow from the pixels.

    python test/serve/golden/make_models.py        (needs onnx and numpy)

Every model takes `images` (uint8, N x H x W x 3) and gives `probabilities` (float32, N x C); the tests
compute the expected probabilities by themselves, from what stands here.
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


def save(file, nodes, size, classes, card, constants=(), **changes):
    images = helper.make_tensor_value_info(changes.get("input", "images"), TensorProto.UINT8, ["N", *size, 3])
    output = helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["N", classes])
    graph = helper.make_graph(nodes, "golden", [images], [output], initializer=list(constants))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=9)
    helper.set_model_props(model, card)
    onnx.checker.check_model(model, full_check=True)
    (HERE / file).write_bytes(model.SerializeToString())


def card(name, size, labels, task="classification", **about):
    fields = {"task": task, "name": name, "labels": json.dumps(labels), "input_size": json.dumps(size)}
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
save("detector.onnx", nodes, SIZE, 12, card("detector", SIZE, LABELS, task="detection"), constants)
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
