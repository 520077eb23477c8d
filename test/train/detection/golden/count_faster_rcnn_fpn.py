"""Counts NASNet-A Faster R-CNNs with a feature pyramid by arithmetic alone, layer by layer: the backbone as
count_faster_rcnn.py counts it, the rest after the feature pyramid's paper and torchvision's definitions. No framework, and
nothing of the toolkit's own code. Writes faster-rcnn-fpn-counts.json beside itself.

    python3 count_faster_rcnn_fpn.py
"""
import json
import pathlib

from count_faster_rcnn import MOBILE, Count, half, stages, stem

SMALL = dict(stem=32, filters=32, cells=2, skip=False)


def detector(config, side, finest, channels, batch_norm, anchors, rpn_filters, crop, proposals, width, classes):
    filters = config["filters"]
    backbone = Count()
    outputs = stem(backbone, config, half(side))
    stages(backbone, outputs, config, [(False, filters), (True, 2 * filters), (True, 4 * filters)])
    # The last output of each side, the finest first: of strides 2 to 32.
    by_side = {shape[0]: shape for shape in outputs}
    maps = [shape for stride, shape in zip([2, 4, 8, 16, 32], by_side.values()) if stride >= finest]
    pyramid = Count()
    for map_side, inputs in maps:
        for kernel, wide in [(1, inputs), (3, channels)]:
            pyramid.conv(map_side, kernel, wide, channels, bias=not batch_norm)
            if batch_norm:
                pyramid.batch_norm(channels)
    levels = [map_side for map_side, _ in maps]
    levels.append(half(levels[-1]))
    rpn = Count()
    for level in levels:
        weights = rpn.weights
        rpn.conv(level, 3, channels, rpn_filters, bias=True)
        rpn.conv(level, 1, rpn_filters, 2 * anchors, bias=True)
        rpn.conv(level, 1, rpn_filters, 4 * anchors, bias=True)
        # One network for all levels.
        shared = rpn.weights - weights
    rpn.weights = shared
    head = Count()
    head.dense(crop * crop * channels, width)
    head.dense(width, width)
    head.dense(width, classes + 1)
    head.dense(width, 4 * classes)
    keys = ["total", "withoutStatistics", "multiplyAdds"]
    parts = dict(backbone=backbone.figures(), pyramid=pyramid.figures(), rpn=rpn.figures(), head=head.figures(proposals))
    cells = sum(level * level for level in levels)
    return dict(
        classes=classes,
        shapes=[[*(outputs[-1][0], outputs[-1][0]), outputs[-1][1]], [cells, channels], [cells * anchors, 6],
                [proposals, classes + 1 + 4 * classes]],
        parts={name: {key: part[key] for key in keys} for name, part in parts.items()},
        all={key: sum(part[key] for part in parts.values()) for key in keys},
    )


golden = {
    "faster-rcnn-nas-fpn-mobile": detector(MOBILE, side=600, finest=8, channels=96, batch_norm=False, anchors=3,
                                           rpn_filters=96, crop=7, proposals=200, width=512, classes=90),
    "faster-rcnn-nas-fpn-small": detector(SMALL, side=320, finest=8, channels=64, batch_norm=True, anchors=3,
                                          rpn_filters=64, crop=7, proposals=100, width=256, classes=5),
}
path = pathlib.Path(__file__).with_name("faster-rcnn-fpn-counts.json")
path.write_text(json.dumps(golden, indent=2) + "\n")
