"""Writes randaugment.json: what torchvision's RandAugment makes of a small picture, operation by operation.

Needs: torchvision, pillow. Run: python make_randaugment.py
"""

import base64
import json
import pathlib

import numpy as np
from PIL import Image
from torchvision.transforms import InterpolationMode
from torchvision.transforms.autoaugment import RandAugment, _apply_op

rng = np.random.default_rng(0)
width, height = 13, 11
# Smooth colours with noise; the last column is one that few bytes have, the picture does not reach 0 or 255.
ramp = np.linspace(20, 200, width)[None, :, None] + np.linspace(0, 40, height)[:, None, None]
picture = (ramp + rng.integers(-15, 16, (height, width, 3))).clip(6, 250).astype(np.uint8)
image = Image.fromarray(picture)
encoded = lambda pixels: base64.b64encode(np.asarray(pixels, dtype=np.uint8).tobytes()).decode()

space = RandAugment()._augmentation_space(31, (height, width))
rows = []
for name, (magnitudes, signed) in space.items():
    for m in (9, 30):
        for sign in (1, -1) if signed else (1,):
            amount = float(magnitudes[m].item()) if magnitudes.ndim > 0 else 0.0
            result = _apply_op(image, name, sign * amount, interpolation=InterpolationMode.NEAREST, fill=None)
            rows.append(
                {"name": name, "magnitude": m, "sign": sign, "amount": amount, "result": encoded(result)}
            )
            if magnitudes.ndim == 0:
                break
        if magnitudes.ndim == 0:
            break

golden = {"width": width, "height": height, "pixels": encoded(picture), "operations": rows}
path = pathlib.Path(__file__).with_name("randaugment.json")
path.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
print(path, path.stat().st_size)
