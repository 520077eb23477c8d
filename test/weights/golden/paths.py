"""The toolkit's paths of the parameters of NASNet-A by the names of TF-Slim, Keras and timm.

Written apart from src/weights/names, in the other direction, so that the two hold each other.
"""

import re

VARIABLES = {
    "weights": "kernel", "kernel": "kernel", "weight": "kernel",
    "biases": "bias", "bias": "bias",
    "depthwise_weights": "depthwise", "depthwise_kernel": "depthwise",
    "pointwise_weights": "pointwise", "pointwise_kernel": "pointwise",
    "gamma": "gamma", "beta": "beta",
    "moving_mean": "moving_mean", "moving_variance": "moving_variance",
}
BATCH_NORM = {"weight": "gamma", "bias": "beta", "running_mean": "moving_mean", "running_var": "moving_variance"}


def slim(name):
    scope, variable = name.rsplit("/", 1)
    end = VARIABLES[variable]
    if scope in ("conv0", "l1_stem_3x3"):
        return "stem/kernel"
    if scope in ("conv0_bn", "l1_stem_bn"):
        return f"stem/batch_norm/{end}"
    if scope == "final_layer/FC":
        return f"head/{end}"
    cell, rest = scope.split("/", 1)
    cell = cell.replace("cell_stem_", "stem_").replace("reduction_cell_", "reduction_")
    rest = re.sub(r"^1x1$", "current", rest)
    rest = re.sub(r"^beginning_bn$", "current/batch_norm", rest)
    rest = re.sub(r"^prev_1x1$", "previous", rest)
    rest = re.sub(r"^prev_bn$", "previous/batch_norm", rest)
    rest = re.sub(r"^path(\d)_conv$", r"previous/path_\1", rest)
    rest = re.sub(r"^final_path_bn$", "previous/batch_norm", rest)
    rest = re.sub(r"^cell_output/reduction_(\d)/path_conv$", r"output/state_\1", rest)
    rest = re.sub(r"^cell_output/reduction_(\d)/path_bn$", r"output/state_\1/batch_norm", rest)
    block = re.match(r"^comb_iter_(\d)/(left|right)/(.+)$", rest)
    if block:
        layer = re.sub(r"^separable_\dx\d_(\d)$", r"separable_\1", block[3])
        layer = re.sub(r"^bn_sep_\dx\d_(\d)$", r"separable_\1/batch_norm", layer)
        layer = {"1x1": "convolution", "bn_1": "convolution/batch_norm"}.get(layer, layer)
        rest = f"block_{int(block[1]) + 2}/{block[2]}/{layer}"
    return f"{cell}/{rest}/{end}"


def keras(name, blocks):
    layer, variable = name.split("/")
    end = VARIABLES[variable]

    def cell(text):
        if text.startswith("stem_"):
            return f"stem_{int(text[5:]) - 1}"
        if text.startswith("reduce_"):
            return f"reduction_{int(text[7:]) // blocks - 1}"
        return f"cell_{int(text) - (int(text) > blocks)}"

    fixed = {"stem_conv1": "stem", "stem_bn1": "stem/batch_norm", "predictions": "head"}
    if layer in fixed:
        return f"{fixed[layer]}/{end}"
    match = re.fullmatch(r"separable_conv_(\d)(_bn)?_(normal|reduction)_(left|right)(\d)_(.+)", layer)
    if match:
        repeat, norm, kind, side, place, id = match.groups()
        # The last block of reduction cells has the number of the one before.
        block = 6 if (kind, side, place) == ("reduction", "left", "4") else int(place) + 1
        return f"{cell(id)}/block_{block}/{side}/separable_{repeat}{'/batch_norm' if norm else ''}/{end}"
    match = re.fullmatch(r"(?:normal|reduction)_(conv|bn)_1_(.+)", layer)
    if match:
        return f"{cell(match[2])}/current{'/batch_norm' if match[1] == 'bn' else ''}/{end}"
    match = re.fullmatch(r"adjust_(conv_1|conv_2|bn|conv_projection)_(.+)", layer)
    part = {"conv_1": "/path_1", "conv_2": "/path_2", "bn": "/batch_norm", "conv_projection": ""}[match[1]]
    return f"{cell(match[2])}/previous{part}/{end}"


def timm(name):
    scope, variable = name.rsplit(".", 1)
    is_norm = re.search(r"bn(_sep_\d)?$", scope) is not None
    end = BATCH_NORM[variable] if is_norm else VARIABLES[variable]
    if scope.startswith("conv0."):
        return f"stem/batch_norm/{end}" if is_norm else f"stem/{end}"
    if scope == "last_linear":
        return f"head/{end}"
    cell, rest = scope.split(".", 1)
    cell = cell.replace("cell_stem_", "stem_").replace("reduction_cell_", "reduction_")
    rest = {
        "conv_1x1.conv": "current", "conv_1x1.bn": "current/batch_norm",
        "conv_prev_1x1.conv": "previous", "conv_prev_1x1.bn": "previous/batch_norm",
        "path_1.conv": "previous/path_1", "path_2.conv": "previous/path_2", "final_path_bn": "previous/batch_norm",
    }.get(rest, rest)
    block = re.match(r"^comb_iter_(\d)_(left|right)\.(?:separable_(\d)\.(\w+)_conv2d|bn_sep_(\d))$", rest)
    if block:
        place = f"{cell}/block_{int(block[1]) + 2}/{block[2]}"
        return f"{place}/separable_{block[3]}/{block[4]}" if block[3] else f"{place}/separable_{block[5]}/batch_norm/{end}"
    return f"{cell}/{rest}/{end}"
