"""Writes pyramid.json: what torchvision's feature pyramid network and the parts around it make of small inputs.

    pip install torch torchvision
    python test/models/golden/make_pyramid.py

Every number given to an operation is exact in a few digits; results keep seven. Features are written height × width ×
channels, kernels height × width × in × out.

torchvision's MultiScaleRoIAlign samples with aligned=False, half a pixel beside the centres. The crops here are those of
its roi_align with aligned=True, of the level that its LevelMapper names for each box.
"""

import json
from collections import OrderedDict
from pathlib import Path

import numpy as np
import torch
import torchvision
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.rpn import RegionProposalNetwork
from torchvision.ops import FeaturePyramidNetwork, roi_align
from torchvision.ops.feature_pyramid_network import LastLevelMaxPool
from torchvision.ops.poolers import LevelMapper

from make_boxes import drawn, listed, tensor

GENERATOR = np.random.default_rng(2017)


def exact(*shape):
    return tensor(GENERATOR.integers(-64, 65, shape)) / 64


def case(**values):
    return {name: listed(value) for name, value in values.items()}


def features_of(tensor):
    """N×C×H×W as shape and numbers of N×H×W×C."""
    last = tensor.permute(0, 2, 3, 1)
    return {"shape": list(last.shape), "data": listed(last.flatten())}


def pyramid():
    strides, channels, out = [8, 16, 32], [3, 5, 4], 4
    sizes = [(11, 6), (6, 3), (3, 2)]
    maps = [exact(2, c, *size) for c, size in zip(channels, sizes)]
    network = FeaturePyramidNetwork(channels, out, extra_blocks=LastLevelMaxPool())
    weights = {}
    with torch.no_grad():
        for kind, blocks in (("lateral", network.inner_blocks), ("output", network.layer_blocks)):
            for stride, block in zip(strides, blocks):
                convolution = block[0]
                convolution.weight.copy_(exact(*convolution.weight.shape))
                convolution.bias.copy_(exact(out))
                kernel = convolution.weight.permute(2, 3, 1, 0)
                weights[f"{kind}_{stride}/kernel"] = {"shape": list(kernel.shape), "data": listed(kernel.flatten())}
                weights[f"{kind}_{stride}/bias"] = {"shape": [out], "data": listed(convolution.bias)}
        levels = network(OrderedDict((str(i), x) for i, x in enumerate(maps)))
    return {
        "strides": strides,
        "channels": out,
        "maps": [features_of(x) for x in maps],
        "weights": weights,
        "levels": [features_of(x) for x in levels.values()],
    }


def anchors():
    strides, features = [8, 16, 32, 64], [(16, 8), (8, 4), (4, 2), (2, 1)]
    scales, ratios, base = [[1], [1], [1], [1.5]], [0.25, 1, 4], 32
    sizes = tuple(tuple(base * stride / strides[0] * s for s in scale) for stride, scale in zip(strides, scales))
    generator = AnchorGenerator(sizes, (tuple(ratios),) * len(sizes))
    (rows,) = generator(ImageList(torch.zeros(1, 3, 128, 64), [(128, 64)]), [torch.zeros(1, 1, *f) for f in features])
    return case(strides=strides, features=features, base=base, scales=scales, ratios=ratios, anchors=rows)


def levels():
    sides = [4, 27.75, 28, 55.75, 56, 111.75, 112, 112.25, 223.75, 224, 447.75, 448, 900]
    squares = [[10, 20, 10 + side, 20 + side] for side in sides]
    oblong = [[0, 0, 56, 224], [0, 0, 56, 223.75], [5, 5, 5, 5], [0, 3, 784, 67], [0, 3, 784, 66.75]]
    boxes = torch.cat([tensor(squares + oblong), drawn(20, (700, 900), least=10, most=600)])
    results = [
        case(strides=[2**k for k in range(least, 6)], canonicalSize=size,
             levels=LevelMapper(least, 5, canonical_scale=size)([boxes]))
        for least, size in [(3, 224), (2, 224), (2, 112)]
    ]
    return {"boxes": listed(boxes), "results": results}


# In images of 93 × 70 pixels; a side of 40 and more is cropped from stride 16, one of 80 from stride 32.
ROI_BOXES = [
    [[0, 0, 70, 93], [0, 0, 39.75, 40], [0, 0, 40, 40], [55.5, 70.25, 70, 93], [0, 60, 12, 93], [30, 0, 70, 93]],
    [[0, 0, 12.5, 20], [61, 0, 70, 9], [10.25, 20.5, 50, 81.75], [33, 33, 33, 33], [0, 0, 70, 91], [3, 90, 67, 93]],
]


def crops():
    image, strides, channels, canonical = (93, 70), [8, 16, 32], 2, 40
    sizes = [tuple(-(-side // stride) for side in image) for stride in strides]
    maps = [exact(2, channels, *size).requires_grad_() for size in sizes]
    boxes = [tensor(rows) for rows in ROI_BOXES]
    level = LevelMapper(3, 5, canonical_scale=canonical)(boxes)
    assert set(level.tolist()) == {0, 1, 2}
    results = []
    for crop, ratio in [(3, 2), (7, 1)]:
        whole = torch.zeros(len(level), channels, crop, crop)
        for index, (x, stride) in enumerate(zip(maps, strides)):
            x.grad = None
            aligned = roi_align(x, boxes, crop, spatial_scale=1 / stride, sampling_ratio=ratio, aligned=True)
            whole = torch.where((level == index).reshape(-1, 1, 1, 1), aligned, whole)
        whole = whole.permute(0, 2, 3, 1)
        upstream = (torch.arange(whole.numel()) * 37 % 11 - 5) / 4
        whole.backward(upstream.reshape(whole.shape))
        results.append({
            **case(crop=crop, samplingRatio=ratio, crops=whole.flatten()),
            "gradients": [listed(x.grad.permute(0, 2, 3, 1).flatten()) for x in maps],
        })
    return {
        **case(imageSize=image, strides=strides, canonicalSize=canonical, boxes=ROI_BOXES, levels=level),
        "maps": [features_of(x) for x in maps],
        "upstream": "((i * 37) % 11 - 5) / 4 for the i-th number of crops",
        "results": results,
    }


def filtering():
    size, per_level = (64, 96), [60, 24, 9, 2]
    boxes = torch.cat([drawn(count, size, least=4 * 2**i, most=12 * 2**i) for i, count in enumerate(per_level)])
    # Some reach beyond the image, one lies outside.
    boxes[::5] += tensor([14, -9, 14, -9])
    boxes[61] = tensor([100, 10, 120, 30])
    order = GENERATOR.permutation(len(boxes))
    objectness = tensor(order - len(boxes) / 2) / 16
    results = []
    for before, after in [(20, 30), (100, 200), (5, 6)]:
        network = RegionProposalNetwork(
            None, None, 0.7, 0.3, 256, 0.5,
            pre_nms_top_n={"training": before, "testing": before},
            post_nms_top_n={"training": after, "testing": after},
            nms_thresh=0.45,
        ).eval()
        (kept,), _ = network.filter_proposals(boxes[None].clone(), objectness[None, :, None], [size], per_level)
        results.append(case(preNmsTopN=before, postNmsTopN=after, kept=kept))
    return {
        **case(imageSize=size, anchorsPerMap=per_level, boxes=boxes, scores=torch.sigmoid(objectness), nmsIou=0.45),
        "results": results,
    }


if __name__ == "__main__":
    version = torchvision.__version__.split("+")[0]
    golden = {
        "about": f"torchvision {version}, made by make_pyramid.py; boxes are [x1, y1, x2, y2]",
        "pyramid": pyramid(),
        "anchors": anchors(),
        "levels": levels(),
        "crops": crops(),
        "filtering": filtering(),
    }
    target = Path(__file__).with_name("pyramid.json")
    target.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
    print(target.stat().st_size, "bytes")
