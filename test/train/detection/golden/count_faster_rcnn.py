"""Counts NASNet-A Faster R-CNNs by arithmetic alone, layer by layer, after the authors' TensorFlow-Slim
definition (nasnet.py, nasnet_utils.py) and the Object Detection API's faster_rcnn_nas: no framework, and
nothing of the toolkit's own code. Writes faster-rcnn-counts.json beside itself.

    python3 count_faster_rcnn.py

The same functions first count the classifiers, whose figures are published; a wrong one ends the script.
"""
import json
import math
import pathlib

# (hidden state, operation) pairs, two to a block, and the states that some block has used, as nasnet.py has them.
NORMAL = dict(
    operations=["sep5", "sep3", "sep5", "sep3", "avg3", "none", "avg3", "avg3", "sep3", "none"],
    states=[0, 1, 1, 1, 0, 1, 1, 1, 0, 0],
    used=[1, 0, 0, 0, 0, 0, 0],
)
REDUCTION = dict(
    operations=["sep5", "sep7", "max3", "sep7", "avg3", "sep5", "none", "avg3", "sep3", "max3"],
    states=[0, 1, 0, 1, 0, 1, 3, 2, 2, 0],
    used=[1, 1, 1, 0, 0, 0, 0],
)


class Count:
    """Parameters, those of batch norm's scale and offset, its statistics, and multiply-adds of one run."""

    def __init__(self):
        self.weights = self.norm = self.statistics = self.madds = 0

    def conv(self, out_side, kernel, inputs, outputs, bias=False):
        self.weights += kernel * kernel * inputs * outputs + (outputs if bias else 0)
        self.madds += out_side * out_side * kernel * kernel * inputs * outputs

    def depthwise(self, out_side, kernel, channels):
        self.weights += kernel * kernel * channels
        self.madds += out_side * out_side * kernel * kernel * channels

    def batch_norm(self, channels):
        self.norm += 2 * channels
        self.statistics += 2 * channels

    def dense(self, inputs, outputs):
        self.conv(1, 1, inputs, outputs, bias=True)

    def figures(self, times=1):
        total = self.weights + self.norm + self.statistics
        return dict(total=total, withoutStatistics=total - self.statistics, withoutBatchNorm=self.weights,
                    multiplyAdds=self.madds * times)


def half(side):
    return math.ceil(side / 2)


def factorized_reduction(count, shape, filters):
    side, channels = half(shape[0]), shape[1]
    first = filters // 2
    count.conv(side, 1, channels, first)
    count.conv(side, 1, channels, filters - first)
    count.batch_norm(filters)
    return side, filters


def one_by_one(count, side, inputs, filters):
    count.conv(side, 1, inputs, filters)
    count.batch_norm(filters)
    return side, filters


def separable_twice(count, shape, kernel, filters, stride):
    side, channels = shape
    out = half(side) if stride == 2 else side
    for inputs in (channels, filters):
        count.depthwise(out, kernel, inputs)
        count.conv(out, 1, inputs, filters)
        count.batch_norm(filters)
    return out, filters


def apply_operation(count, operation, shape, filters, stride):
    side, channels = shape
    out = half(side) if stride == 2 else side
    if operation.startswith("sep"):
        return separable_twice(count, shape, int(operation[3]), filters, stride)
    if operation == "none":
        return one_by_one(count, out, channels, filters) if stride > 1 or channels != filters else shape
    return one_by_one(count, out, channels, filters) if channels != filters else (out, channels)


def cell(count, spec, net, previous, filters, stride):
    """Shapes are (side, channels). Returns the shape of the cell's output."""
    if previous is None:
        prepared = net
    elif previous[0] != net[0]:
        prepared = factorized_reduction(count, previous, filters)
    elif previous[1] != filters:
        prepared = one_by_one(count, previous[0], previous[1], filters)
    else:
        prepared = previous
    states = [one_by_one(count, net[0], net[1], filters), prepared]
    for block in range(5):
        sides = []
        for place in (2 * block, 2 * block + 1):
            index = spec["states"][place]
            # Only what comes from outside of the cell is reduced.
            own = stride if index < 2 else 1
            sides.append(apply_operation(count, spec["operations"][place], states[index], filters, own))
        assert sides[0] == sides[1], sides
        states.append(sides[0])
    out, channels = states[-1][0], 0
    for used, state in zip(spec["used"], states):
        if used:
            continue
        if state != (out, filters):
            state = factorized_reduction(count, state, filters)
        channels += state[1]
    return out, channels


def normal(count, net, previous, filters):
    return cell(count, NORMAL, net, previous, filters, 1)


def reduction(count, net, previous, filters):
    return cell(count, REDUCTION, net, previous, filters, 2)


def stages(count, outputs, config, cells):
    """Runs stages of (reduce first?, filters) and appends each cell's output."""
    for reduce_first, filters in cells:
        before = outputs[-2]
        if reduce_first:
            outputs.append(reduction(count, outputs[-1], before, filters))
        for number in range(config["cells"]):
            skips = config["skip"] and reduce_first and number == 0
            outputs.append(normal(count, outputs[-1], before if skips else outputs[-2], filters))
    return outputs


def stem(count, config, side):
    """`side`: of the first convolution's output."""
    count.conv(side, 3, 3, config["stem"])
    count.batch_norm(config["stem"])
    first = (side, config["stem"])
    stem_0 = reduction(count, first, None, config["filters"] // 4)
    stem_1 = reduction(count, stem_0, first, config["filters"] // 2)
    return [first, stem_0, stem_1]


def classifier(config, side, classes):
    count = Count()
    filters = config["filters"]
    # The classifier's first convolution is VALID.
    outputs = stem(count, config, (side - 3) // 2 + 1)
    stages(count, outputs, config, [(False, filters), (True, 2 * filters), (True, 4 * filters)])
    count.dense(outputs[-1][1], classes)
    return count


def detector(config, side, crop, proposals, anchors, rpn_filters, classes):
    filters = config["filters"]
    first = Count()
    outputs = stem(first, config, half(side))
    stages(first, outputs, config, [(False, filters), (True, 2 * filters)])
    (feature_side, width), (_, last) = outputs[-2], outputs[-1]
    rpn = Count()
    rpn.conv(feature_side, 3, width + last, rpn_filters, bias=True)
    rpn.conv(feature_side, 1, rpn_filters, 2 * anchors, bias=True)
    rpn.conv(feature_side, 1, rpn_filters, 4 * anchors, bias=True)
    second = Count()
    cropped = stages(second, [(crop, width), (crop, last)], config, [(True, 4 * filters)])
    heads = Count()
    heads.dense(cropped[-1][1], classes + 1)
    heads.dense(cropped[-1][1], 4 * classes)
    parts = dict(firstStage=first.figures(), rpn=rpn.figures(), secondStage=second.figures(proposals),
                 heads=heads.figures(proposals))
    keys = ["total", "withoutStatistics", "withoutBatchNorm", "multiplyAdds"]
    return dict(
        setting=dict(side=side, crop=crop, proposals=proposals, anchors=anchors, rpnFilters=rpn_filters,
                     classes=classes),
        features=[feature_side, feature_side, width + last],
        parts=parts,
        all={key: sum(part[key] for part in parts.values()) for key in keys},
    )


MOBILE = dict(stem=32, filters=44, cells=4, skip=False)
LARGE = dict(stem=96, filters=168, cells=6, skip=True)

# Keras's NASNetMobile and NASNetLarge; the paper's 564 M and 23.8 B multiply-adds, to the last digit.
for config, side, published in [
    (MOBILE, 224, (5_326_716, 5_289_978, 563_638_816)),
    (LARGE, 331, (88_949_818, 88_753_150, 23_783_414_658)),
]:
    figures = classifier(config, side, 1000).figures()
    counted = (figures["total"], figures["withoutStatistics"], figures["multiplyAdds"])
    assert counted == published, (counted, published)

golden = {
    "faster-rcnn-nas-large": detector(LARGE, side=1200, crop=17, proposals=50, anchors=12, rpn_filters=512, classes=90),
    "faster-rcnn-nas-mobile": detector(MOBILE, side=600, crop=17, proposals=300, anchors=12, rpn_filters=512, classes=90),
}
# The same by hand: the classifier without its dense layer, and three small heads.
assert golden["faster-rcnn-nas-large"]["all"]["total"] == (
    88_949_818 - (4032 * 1000 + 1000)
    + (9 * 2 * 2016 * 512 + 512) + (512 * 24 + 24) + (512 * 48 + 48)
    + (4032 * 91 + 91) + (4032 * 360 + 360))
assert golden["faster-rcnn-nas-mobile"]["all"]["total"] == (
    5_326_716 - (1056 * 1000 + 1000)
    + (9 * 2 * 528 * 512 + 512) + (512 * 24 + 24) + (512 * 48 + 48)
    + (1056 * 91 + 91) + (1056 * 360 + 360))
path = pathlib.Path(__file__).with_name("faster-rcnn-counts.json")
path.write_text(json.dumps(golden, indent=2) + "\n")
