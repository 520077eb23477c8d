"""Writes boxes.json: what torchvision (and pycocotools, for crowds) make of a few hundred small boxes.

    pip install torch torchvision pycocotools
    python test/models/golden/make_boxes.py

Every number given to an operation is a multiple of 1/64, exact in a few digits; results keep seven. Where
torchvision answers NaN (the overlap of two empty boxes), null is written.
"""

import json
import math
from pathlib import Path

import numpy as np
import torch
import torchvision
from pycocotools import mask
from torchvision.models.detection._utils import BoxCoder, Matcher
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.image_list import ImageList
from torchvision.ops import batched_nms, box_area, box_iou, clip_boxes_to_image, nms, roi_align

GENERATOR = np.random.default_rng(2018)


def listed(value):
    """Nested lists with seven digits."""
    if isinstance(value, torch.Tensor):
        value = value.detach().tolist()
    if isinstance(value, list):
        return [listed(one) for one in value]
    if isinstance(value, float):
        if math.isnan(value):
            return None
        rounded = float(f"{value:.7g}")
        return int(rounded) if rounded == int(rounded) else rounded
    return value


def case(**values):
    return {name: listed(value) for name, value in values.items()}


def tensor(rows):
    return torch.tensor(rows, dtype=torch.float32)


def drawn(count, size, least=4, most=None, step=0.25):
    """Boxes in an image of [height, width], corners on a grid."""
    height, width = size
    most = most or min(size)
    sides = GENERATOR.uniform(least, most, (count, 2))
    corner = GENERATOR.uniform(0, 1, (count, 2)) * (np.array([width, height]) - sides)
    boxes = np.concatenate([corner, corner + sides], axis=1)
    return tensor(np.round(boxes / step) * step)


def overlaps():
    a = torch.cat(
        [
            drawn(5, (60, 80)),
            tensor([[10, 10, 30, 30], [10, 10, 30, 30], [20, 20, 20, 40], [5, 5, 5, 5], [-10, -8, 12, 9]]),
        ]
    )
    b = torch.cat(
        [
            drawn(4, (60, 80), least=20),
            # The same, inside, touching at an edge, at a corner, with half of it in common, and empty.
            tensor([[10, 10, 30, 30], [15, 12, 20, 28], [30, 10, 40, 30], [30, 30, 40, 40], [10, 20, 30, 30]]),
            tensor([[5, 5, 5, 5], [15, 15, 15, 15]]),
        ]
    )
    return case(a=a, b=b, area=box_area(a), iou=box_iou(a, b))


def coverage():
    """How much of each box lies in each crowd, as COCO's evaluation counts it."""
    boxes = drawn(8, (60, 80))
    crowds = torch.cat([drawn(2, (60, 80), least=30), tensor([[0, 0, 80, 60], [100, 100, 120, 130]])])

    def measured(rows):
        return np.concatenate([rows[:, :2], rows[:, 2:] - rows[:, :2]], axis=1).astype(np.float64)

    shares = mask.iou(measured(boxes.numpy()), measured(crowds.numpy()), [1] * len(crowds))
    return case(boxes=boxes, crowds=crowds, shares=shares.tolist())


def clipping():
    boxes = tensor(
        [[3, 4, 20, 30], [-5, -6, 10, 12], [40, 50, 90, 100], [-20, -30, 200, 300], [100, 90, 120, 95]]
        + [[-40, 3, -10, 20], [0, 0, 64, 48], [64, 48, 70, 50], [10.25, -0.75, 64.5, 48.25]]
    )
    return case(boxes=boxes, size=[48, 64], clipped=clip_boxes_to_image(boxes, (48, 64)))


def suppression():
    def one(about, boxes, scores, iou):
        return {"about": about, **case(boxes=boxes, scores=scores, iou=iou, kept=nms(boxes, scores, iou))}

    crowded = drawn(60, (64, 64), least=16, most=32)
    scores = tensor(GENERATOR.permutation(60) + 1) / 64
    # Of [0, 0, 4, 4] these hold a half, three quarters and all; each threshold is hit exactly in binary.
    nested = tensor([[0, 0, 4, 4], [0, 0, 4, 2], [0, 0, 4, 3], [0, 0, 4, 4], [10, 10, 14, 14], [2, 0, 6, 4]])
    falling = tensor([6, 5, 4, 3, 2, 1]) / 8
    same = tensor([[8, 8, 24, 24]] * 5)
    empty = tensor([[5, 5, 5, 5], [5, 5, 5, 5], [0, 0, 10, 10], [3, 0, 3, 10]])
    return [
        one("crowded", crowded, scores, 0.5),
        one("crowded, loosely", crowded, scores, 0.75),
        one("crowded, strictly", crowded, scores, 0.125),
        one("many equal scores", crowded, torch.floor(scores * 4) / 4, 0.375),
        one("an overlap equal to the threshold is kept", nested, falling, 0.5),
        one("another such", nested, falling, 0.75),
        one("the same box at equal scores", same, torch.full([5], 0.5), 0.5),
        one("the same box, the last one best", same, tensor([1, 2, 3, 4, 5]) / 8, 0.5),
        one("empty boxes drop nothing", empty, tensor([4, 3, 2, 1]) / 8, 0.5),
    ]


def suppression_by_class():
    boxes = drawn(80, (64, 96), least=16, most=40)
    scores = tensor(GENERATOR.permutation(80) + 1) / 128
    classes = torch.from_numpy(GENERATOR.integers(0, 5, 80))
    kept = batched_nms(boxes, scores, classes, 0.4)
    return case(boxes=boxes, scores=scores, classes=classes, iou=0.4, kept=kept)


def coding():
    anchors = drawn(12, (200, 300), least=16, most=128)
    truth = drawn(12, (200, 300), least=8, most=190)
    offsets = tensor(GENERATOR.integers(-96, 97, (12, 4))) / 64
    # Wider and higher than exp(dw), exp(dh) may make a box: log(1000 / 16) is the most.
    offsets[0] = tensor([0.5, -0.5, 4.5, 6])
    offsets[1] = tensor([-2, 3, -7, -8])
    results = []
    for weights in [(10.0, 10.0, 5.0, 5.0), (1.0, 1.0, 1.0, 1.0)]:
        coder = BoxCoder(weights)
        deltas = offsets * tensor(weights)
        results.append(
            case(
                scale=list(weights),
                encoded=coder.encode_single(truth, anchors),
                deltas=deltas,
                decoded=coder.decode_single(deltas, anchors),
            )
        )
    return {**case(anchors=anchors, truth=truth), "coders": results}


def anchors():
    def one(base, scales, ratios, stride, feature):
        sizes = tuple(base * scale for scale in scales)
        generator = AnchorGenerator((sizes,), (tuple(ratios),))
        image = torch.zeros(1, 3, feature[0] * stride, feature[1] * stride)
        (rows,) = generator(ImageList(image, [tuple(image.shape[2:])]), [torch.zeros(1, 1, *feature)])
        assert torch.equal(generator.cell_anchors[0], rows[: len(scales) * len(ratios)])
        # torchvision rounds to whole pixels; these are whole anyway.
        exact = [[s / math.sqrt(r), s * math.sqrt(r)] for r in ratios for s in sizes]
        assert exact == [[x2 - x1, y2 - y1] for x1, y1, x2, y2 in generator.cell_anchors[0].tolist()]
        return case(base=base, scales=scales, ratios=ratios, stride=stride, feature=feature, anchors=rows)

    return [
        one(256, [0.25, 0.5, 1, 2], [0.25, 1, 4], 16, [2, 3]),
        one(64, [1], [4, 0.25], 8, [3, 2]),
        one(32, [2, 1], [1], 16, [4, 5]),
    ]


# Of images of 112 × 80 pixels, features of 7 × 5.
ROI_BOXES = [
    [
        ("inside", [13, 17, 61, 90]),
        ("over the upper edge", [10, -50, 50, 40]),
        ("over the right edge", [50, 30, 130, 80]),
        ("over all edges", [-30, -40, 120, 150]),
        ("outside, to the right and below", [120, 150, 160, 200]),
        ("a point", [37, 53, 37, 53]),
        ("the whole image", [0, 0, 80, 112]),
        ("a point outside", [-40, -40, -40, -40]),
    ],
    [
        ("inside, fractions of a pixel", [20.5, 33.25, 55.75, 48.5]),
        ("over the left edge", [-40, 20, 30, 70]),
        ("over the lower edge", [20, 80, 60, 170]),
        ("outside, to the left and above", [-90, -100, -40, -60]),
        ("outside by less than a feature's cell", [-14, 20, -2, 60]),
        ("a line", [37, 20, 37, 90]),
        ("a pixel", [42, 61, 43, 62]),
        ("a feature's cell", [32, 48, 48, 64]),
    ],
]


def region_features():
    batch, channels, height, width = 2, 2, 7, 5
    features = tensor(GENERATOR.integers(-64, 65, (batch, channels, height, width))) / 64
    boxes = tensor([[box for _, box in image] for image in ROI_BOXES])
    results = []
    for crop, ratio in [(2, 1), (3, 2), (2, 3), (4, 1)]:
        leaf = features.clone().requires_grad_()
        crops = roi_align(leaf, list(boxes), crop, spatial_scale=1 / 16, sampling_ratio=ratio, aligned=True)
        crops = crops.permute(0, 2, 3, 1)
        upstream = (torch.arange(crops.numel()) * 37 % 11 - 5) / 4
        crops.backward(upstream.reshape(crops.shape))
        gradient = leaf.grad.permute(0, 2, 3, 1)
        results.append(case(crop=crop, samplingRatio=ratio, crops=crops.flatten(), gradient=gradient.flatten()))
    return {
        "about": [[about for about, _ in image] for image in ROI_BOXES],
        **case(
            shape=[batch, height, width, channels],
            features=features.permute(0, 2, 3, 1).flatten(),
            boxes=boxes,
        ),
        "upstream": "((i * 37) % 11 - 5) / 4 for the i-th number of crops",
        "results": results,
    }


def matching():
    def one(anchors, truth, high, low):
        iou = box_iou(truth, anchors)
        assert iou.max(dim=1).values.min() > 0
        matched = Matcher(high, low, allow_low_quality_matches=True)(iou.clone())
        return case(anchors=anchors, truth=truth, positiveIou=high, negativeIou=low, matched=matched)

    places = [(x, y, side) for y in range(0, 64, 16) for x in range(0, 64, 16) for side in (16, 32)]
    grid = tensor([[x, y, x + side, y + side] for x, y, side in places])
    truth = tensor(
        # Exactly an anchor; well over one; best over one that another box owns; small within one; two with the
        # same best anchor; as well over one anchor as over its neighbour.
        [[16, 16, 48, 48], [2, 1, 33, 31], [24, 24, 40, 40], [50, 50, 54, 54]]
        + [[32, 0, 48, 12], [32, 2, 48, 16], [8, 40, 24, 48]]
    )
    return [
        one(grid, truth, 0.7, 0.3),
        one(grid, truth[:3], 0.5, 0.5),
        one(drawn(60, (64, 96), least=12, most=48), drawn(5, (64, 96), least=12, most=48), 0.7, 0.3),
    ]


if __name__ == "__main__":
    version = torchvision.__version__.split("+")[0]
    golden = {
        "about": f"torchvision {version}, made by make_boxes.py; boxes are [x1, y1, x2, y2]",
        "overlaps": overlaps(),
        "coverage": coverage(),
        "clipping": clipping(),
        "suppression": suppression(),
        "suppressionByClass": suppression_by_class(),
        "coding": coding(),
        "anchors": anchors(),
        "regionFeatures": region_features(),
        "matching": matching(),
    }
    target = Path(__file__).with_name("boxes.json")
    target.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
    print(target.stat().st_size, "bytes")
