#!/usr/bin/env python3
"""The benchmark's peer: trains the same NASNet-A in PyTorch, eager or compiled, and prints one line of JSON.

Written to be fast in PyTorch: what has no weights (ReLU, pooling) is computed once for a tensor, activations
between two halves of an operation are rectified in place, optimiser and clipping work on all tensors at once.
Strided windows are padded evenly, as PyTorch's own layers do: the shapes and the work are those of
TensorFlow's SAME, the windows lie one pixel further up and left.
"""

import argparse
import json
import resource
import statistics
import time

import torch
from torch import nn
from torch.nn import functional as F

# Two (operation, state) pairs for each block; states 0 and 1 are the cell's inputs. Zoph et al. 2018, figure 4.
NORMAL = [
    (("sep5", 0), ("sep3", 1)),
    (("sep5", 1), ("sep3", 1)),
    (("avg3", 0), ("identity", 1)),
    (("avg3", 1), ("avg3", 1)),
    (("sep3", 0), ("identity", 0)),
]
REDUCTION = [
    (("sep5", 0), ("sep7", 1)),
    (("max3", 0), ("sep7", 1)),
    (("avg3", 0), ("sep5", 1)),
    (("identity", 3), ("avg3", 2)),
    (("sep3", 2), ("max3", 0)),
]


def convolution(channels, filters, size=1, stride=1, groups=1):
    return nn.Conv2d(channels, filters, size, stride, size // 2, groups=groups, bias=False)


def norm(filters):
    # PyTorch's momentum is one minus TensorFlow's decay.
    return nn.BatchNorm2d(filters, eps=1e-5, momentum=0.1)


class Separable(nn.Module):
    """Of a rectified input: depthwise, pointwise, batch norm, ReLU, depthwise, pointwise, batch norm."""

    def __init__(self, channels, filters, size, stride):
        super().__init__()
        self.layers = nn.Sequential(
            convolution(channels, channels, size, stride, groups=channels),
            convolution(channels, filters),
            norm(filters),
            nn.ReLU(inplace=True),
            convolution(filters, filters, size, 1, groups=filters),
            convolution(filters, filters),
            norm(filters),
        )

    def forward(self, rectified):
        return self.layers(rectified)


class FactorizedReduction(nn.Module):
    """Halves height and width: 1×1 convolutions of the even and of the odd pixels side by side."""

    def __init__(self, channels, filters):
        super().__init__()
        self.even = convolution(channels, filters - filters // 2, stride=2)
        self.odd = convolution(channels, filters // 2, stride=2) if filters > 1 else None
        self.norm = norm(filters)

    def forward(self, x):
        halves = [self.even(x)]
        if self.odd is not None:
            shifted = x[:, :, 1:, 1:]
            # Of an odd number of rows, the first half has one more; the second gets zeros there.
            odd = (x.shape[2] % 2, x.shape[3] % 2)
            halves.append(self.odd(F.pad(shifted, (0, odd[1], 0, odd[0])) if any(odd) else shifted))
        return self.norm(torch.cat(halves, 1))


class Once:
    """Computes ReLU and pooling once for a tensor within a cell, however many paths want them."""

    def __init__(self):
        self.known = {}

    def __call__(self, kind, x, stride=1):
        key = (kind, id(x), stride)
        if key not in self.known:
            if kind == "relu":
                result = F.relu(x)
            elif kind == "avg3":
                result = F.avg_pool2d(x, 3, stride, 1, count_include_pad=False)
            else:
                result = F.max_pool2d(x, 3, stride, 1)
            # The tensor is kept beside its result, so that no other can get its id.
            self.known[key] = (result, x)
        return self.known[key][0]


class Path(nn.Module):
    """One operation on one state."""

    def __init__(self, operation, channels, filters, stride):
        super().__init__()
        self.operation, self.stride = operation, stride
        same = channels == filters and stride == 1
        self.layers = None
        if operation.startswith("sep"):
            self.layers = Separable(channels, filters, int(operation[3:]), stride)
        elif operation == "identity" and not same:
            self.layers = nn.Sequential(convolution(channels, filters, stride=stride), norm(filters))
        elif operation != "identity" and channels != filters:
            self.layers = nn.Sequential(convolution(channels, filters), norm(filters))

    def forward(self, x, once):
        if self.operation in ("avg3", "max3"):
            x = once(self.operation, x, self.stride)
        elif self.layers is not None:
            x = once("relu", x)
        return x if self.layers is None else self.layers(x)


class Cell(nn.Module):
    """`current` and `previous`: (channels, pixels along a side) of h(i) and h(i−1); None: there is none."""

    def __init__(self, blocks, current, previous, filters, stride):
        super().__init__()
        self.current = nn.Sequential(convolution(current[0], filters), norm(filters))
        self.previous = None
        channels = [filters, current[0] if previous is None else filters]
        if previous is not None:
            if previous[1] != current[1]:
                self.previous = FactorizedReduction(previous[0], filters)
            elif previous[0] != filters:
                self.previous = nn.Sequential(convolution(previous[0], filters), norm(filters))
        self.wiring = [(left[1], right[1]) for left, right in blocks]
        self.left, self.right = nn.ModuleList(), nn.ModuleList()
        for left, right in blocks:
            for paths, (operation, state) in ((self.left, left), (self.right, right)):
                paths.append(Path(operation, channels[state], filters, stride if state < 2 else 1))
            channels.append(filters)
        self.outputs = [1, 2, 3, 4, 5, 6] if stride == 1 else [3, 4, 5, 6]
        self.fit = None
        if 1 in self.outputs and channels[1] != filters:
            self.fit = nn.Sequential(convolution(channels[1], filters), norm(filters))

    def forward(self, current, previous):
        once = Once()
        states = [self.current(once("relu", current))]
        if previous is None:
            states.append(current)
        else:
            states.append(previous if self.previous is None else self.previous(once("relu", previous)))
        for left, right, (a, b) in zip(self.left, self.right, self.wiring):
            states.append(left(states[a], once) + right(states[b], once))
        outputs = [states[state] for state in self.outputs]
        if self.fit is not None:
            outputs[0] = self.fit(outputs[0])
        return torch.cat(outputs, 1)


class NasnetA(nn.Module):
    """NASNet-A: `cells` normal cells in each of three stages, `filters` wide at first.

    The ImageNet stem is a convolution with stride 2 and no padding, then two reduction cells, a quarter and half as wide.
    """

    def __init__(
        self, cells=2, filters=32, stem="cifar", stem_filters=96, size=32, classes=10, auxiliary=False
    ):
        super().__init__()
        plan = []
        if stem == "imagenet":
            self.stem = nn.Sequential(nn.Conv2d(3, stem_filters, 3, 2, bias=False), norm(stem_filters))
            size = (size - 3) // 2 + 1
            plan += [(REDUCTION, filters // 4), (REDUCTION, filters // 2)]
        else:
            self.stem = nn.Sequential(convolution(3, stem_filters, 3), norm(stem_filters))
        for stage in range(3):
            if stage == 2:
                self.auxiliary_cell = len(plan) - 1
            width = filters * 2**stage
            plan += [(REDUCTION, width)] * (stage > 0) + [(NORMAL, width)] * cells
        self.cells = nn.ModuleList()
        previous, current = None, (stem_filters, size)
        for index, (blocks, width) in enumerate(plan):
            stride = 2 if blocks is REDUCTION else 1
            cell = Cell(blocks, current, previous, width, stride)
            self.cells.append(cell)
            previous, current = current, (width * len(cell.outputs), -(-current[1] // stride))
            if index == self.auxiliary_cell:
                auxiliary_input = current
        self.classifier = nn.Linear(current[0], classes)
        self.auxiliary = None
        if auxiliary:
            channels, side = auxiliary_input
            side = (side - 5) // 3 + 1
            self.auxiliary = nn.Sequential(
                nn.ReLU(),
                nn.AvgPool2d(5, 3),
                convolution(channels, 128),
                norm(128),
                nn.ReLU(inplace=True),
                nn.Conv2d(128, 768, side, bias=False),
                norm(768),
                nn.ReLU(inplace=True),
                nn.Flatten(),
                nn.Linear(768, classes),
            )
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")

    def forward(self, images):
        previous, current, auxiliary = None, self.stem(images), None
        for index, cell in enumerate(self.cells):
            previous, current = current, cell(current, previous)
            if self.auxiliary is not None and index == self.auxiliary_cell:
                auxiliary = self.auxiliary(current)
        return self.classifier(F.relu(current).mean((2, 3))), auxiliary


def count(model):
    """Numbers trained, and those with the moving statistics."""
    own = [(name, p) for name, p in model.named_parameters() if not name.startswith("auxiliary.")]
    trainable = sum(p.numel() for _, p in own)
    statistics = (
        b.numel()
        for name, b in model.named_buffers()
        if "running" in name and not name.startswith("auxiliary.")
    )
    return {"total": trainable + sum(statistics), "trainable": trainable}


def optimizer_for(model):
    decayed = [p for p in model.parameters() if p.dim() > 1]
    others = [p for p in model.parameters() if p.dim() <= 1]
    groups = [{"params": decayed, "weight_decay": 5e-4}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.SGD(groups, lr=0.025, momentum=0.9, fused=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layout", choices=["nchw", "channels_last"], default="nchw")
    parser.add_argument("--compile", action="store_true", help="by torch.compile, in its default mode")
    parser.add_argument("--steps", type=int, default=15, help="steps measured")
    parser.add_argument("--warmup", type=int, default=3, help="steps before that")
    parser.add_argument("--threads", type=int, help="default: PyTorch's, one for each core")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--cells", type=int, default=2)
    parser.add_argument("--filters", type=int, default=32)
    parser.add_argument("--stem", choices=["cifar", "imagenet"], default="cifar")
    parser.add_argument("--stem-filters", type=int, default=96)
    parser.add_argument("--image-size", type=int, default=32, help="pixels along a side")
    parser.add_argument("--classes", type=int, default=10)
    parser.add_argument("--auxiliary", action="store_true", help="with the auxiliary head, weight 0.4")
    options = parser.parse_args()

    if options.threads:
        torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    layout = torch.channels_last if options.layout == "channels_last" else torch.contiguous_format
    size, classes = options.image_size, options.classes
    model = NasnetA(
        options.cells, options.filters, options.stem, options.stem_filters, size, classes, options.auxiliary
    )
    model = model.to(memory_format=layout).train()
    optimizer = optimizer_for(model)
    images = (torch.rand(options.batch, 3, size, size) * 2 - 1).contiguous(memory_format=layout)
    labels = torch.randint(classes, (options.batch,))
    # Compiles in the first step, which is warm-up. One graph: a break would cost speed, so it is an error.
    network = torch.compile(model, fullgraph=True) if options.compile else model

    millis, losses = [], []
    for step in range(options.warmup + options.steps):
        begin = time.perf_counter()
        optimizer.zero_grad()
        logits, auxiliary = network(images)
        loss = F.cross_entropy(logits, labels)
        whole = loss if auxiliary is None else loss + 0.4 * F.cross_entropy(auxiliary, labels)
        whole.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5)
        optimizer.step()
        losses.append(loss.item())
        took = (time.perf_counter() - begin) * 1000
        if step == 0:
            first_step_millis = took
        if step >= options.warmup:
            millis.append(took)

    print(
        json.dumps(
            {
                "imagesPerSecond": options.batch * 1000 / statistics.median(millis),
                "stepMillis": millis,
                # Linux counts in kibibytes.
                "peakMemoryBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
                "parameters": count(model),
                "losses": losses,
                "firstStepMillis": first_step_millis,
                "threads": torch.get_num_threads(),
                "version": torch.__version__,
            }
        )
    )


if __name__ == "__main__":
    main()
