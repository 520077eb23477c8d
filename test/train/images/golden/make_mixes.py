"""Writes mixes.json: torchvision's RandomResizedCrop, MixUp and CutMix with the numbers that they drew, and PyTorch's loss
of mixed labels.

Needs: torch, torchvision, pillow. Run: python make_mixes.py
"""

import base64
import json
import pathlib
from unittest import mock

import numpy as np
import torch
from PIL import Image
from torchvision.transforms import InterpolationMode, RandomResizedCrop, v2
from torchvision.transforms import functional as F

torch.manual_seed(0)
rng = np.random.default_rng(0)
digits = lambda values: [round(float(v), 6) for v in torch.as_tensor(values).ravel()]


def crop(width, height, seed):
    """A crop, and the draws that lead to it as numbers in [0, 1)."""
    draws = []
    uniform, randint = torch.Tensor.uniform_, torch.randint

    def noted_uniform(self, low, high):
        result = uniform(self, low, high)
        draws.append(float((result.item() - low) / (high - low)))
        return result

    def noted_randint(low, high, size):
        result = randint(low, high, size)
        draws.append(float((result.item() - low + 0.5) / (high - low)))
        return result

    torch.manual_seed(seed)
    with mock.patch.object(torch.Tensor, "uniform_", noted_uniform), mock.patch.object(torch, "randint", noted_randint):
        image = torch.zeros(3, height, width)
        top, left, tall, wide = RandomResizedCrop.get_params(image, (0.08, 1.0), (3 / 4, 4 / 3))
    return {
        "width": width,
        "height": height,
        "draws": [round(d, 9) for d in draws],
        "crop": {"left": left, "top": top, "width": wide, "height": tall},
    }


sizes = [(640, 480), (33, 57), (97, 96), (500, 120), (20000, 50), (3, 40), (1, 1)]
crops = [crop(width, height, seed) for width, height in sizes for seed in range(4)]

picture = rng.integers(0, 256, (19, 26, 3), dtype=np.uint8)
box = {"left": 3, "top": 2, "width": 17, "height": 14}
resized = [
    {
        "size": size,
        "result": base64.b64encode(
            np.asarray(
                F.resized_crop(
                    Image.fromarray(picture),
                    *(box[k] for k in ("top", "left", "height", "width")),
                    [size, size],
                    InterpolationMode.BILINEAR,
                )
            ).tobytes()
        ).decode(),
    }
    for size in (6, 15, 24)
]

count, side, classes = 3, 6, 4
images = torch.rand(count, 3, side, side)
labels = torch.tensor([2, 0, 3])
logits = torch.randn(count, classes) * 2


class Fixed:
    def __init__(self, value):
        self.value = value

    def sample(self, size):
        return torch.tensor([self.value])


def mixed(kind, own, at=(0, 0)):
    transform = kind(alpha=1.0, num_classes=classes)
    transform._dist = Fixed(own)
    ends = iter(at)
    with mock.patch.object(torch, "randint", lambda *args, **kwargs: torch.tensor([next(ends)])):
        pixels, targets = transform(images, labels)
    row = {
        "kind": kind.__name__.lower(),
        "own": own,
        "at": list(at),
        "images": digits(pixels.permute(0, 2, 3, 1)),
        "targets": digits(targets),
        "losses": [],
    }
    for smoothing in (0.0, 0.1):
        row["losses"].append(
            {
                "labelSmoothing": smoothing,
                "loss": torch.nn.functional.cross_entropy(logits, targets, label_smoothing=smoothing).item(),
            }
        )
    return row


mixes = [
    mixed(v2.MixUp, 0.3),
    mixed(v2.MixUp, 0.85),
    mixed(v2.CutMix, 0.6, (4, 1)),
    mixed(v2.CutMix, 0.15, (0, 5)),
    mixed(v2.CutMix, 0.9, (3, 3)),
]
class_weights = torch.tensor([0.5, 1.0, 2.0, 0.75])
weighted = torch.nn.functional.cross_entropy(logits, labels, weight=class_weights, reduction="none").mean().item()

golden = {
    "crops": crops,
    "resize": {
        "width": 26,
        "height": 19,
        "pixels": base64.b64encode(picture.tobytes()).decode(),
        "crop": box,
        "results": resized,
    },
    "mix": {
        "side": side,
        "classes": classes,
        "images": digits(images.permute(0, 2, 3, 1)),
        "labels": labels.tolist(),
        "logits": digits(logits),
        "mixes": mixes,
        "classWeights": class_weights.tolist(),
        "weighted": weighted,
    },
}
path = pathlib.Path(__file__).with_name("mixes.json")
path.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
print(path, path.stat().st_size)
