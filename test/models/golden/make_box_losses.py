"""Writes box_losses.json: torchvision's losses of pairs of boxes, and their gradients by the first box of each.

    pip install torch torchvision
    python test/models/golden/make_box_losses.py
"""

import json
from pathlib import Path

import numpy as np
import torch
from torchvision.ops import complete_box_iou_loss, generalized_box_iou_loss

GENERATOR = np.random.default_rng(1902)


def drawn(count):
    """Boxes in 100 × 80 pixels, corners on a grid of quarters."""
    sides = GENERATOR.uniform(6, 60, (count, 2))
    corner = GENERATOR.uniform(0, 1, (count, 2)) * (np.array([100, 80]) - sides)
    return np.round(np.concatenate([corner, corner + sides], axis=1) * 4) / 4


def digits(tensor):
    return [[float(f"{x:.7g}") for x in row] if isinstance(row, list) else float(f"{row:.7g}") for row in tensor.tolist()]


# Overlapping, apart, one inside the other, the same centre with another shape, touching; then by chance.
BOXES = [[10, 10, 40, 40], [0, 0, 10, 10], [20, 22, 30, 31], [10, 20, 50, 30], [0, 0, 20, 20]]
TARGETS = [[20, 15, 55, 42], [50, 60, 70, 75], [10, 10, 60, 50], [20, 5, 40, 45], [20, 3, 41, 17]]

boxes = torch.tensor(np.concatenate([BOXES, drawn(20)]), dtype=torch.float32, requires_grad=True)
targets = torch.tensor(np.concatenate([TARGETS, drawn(20)]), dtype=torch.float32)

golden = {"boxes": boxes.tolist(), "targets": targets.tolist()}
for name, loss in [("giou", generalized_box_iou_loss), ("ciou", complete_box_iou_loss)]:
    losses = loss(boxes, targets)
    (gradient,) = torch.autograd.grad(losses.sum(), boxes)
    golden[name] = {"losses": digits(losses), "gradient": digits(gradient)}

path = Path(__file__).with_name("box_losses.json")
path.write_text(json.dumps(golden) + "\n")
