"""Writes timm_images.json: pictures as timm prepares them for its NASNet. Run with a Python that has timm."""

import base64
import json
from pathlib import Path

import numpy as np
from PIL import Image
from timm.data import create_transform

random = np.random.default_rng(6)
text = lambda array: base64.b64encode(np.ascontiguousarray(array, np.uint8).tobytes()).decode()
cases = []
for width, height, size in [(61, 38, 20), (30, 67, 16), (23, 23, 21), (14, 11, 16), (13, 10, 9)]:
    # As smooth as a photograph.
    rough = random.integers(0, 256, (height // 4 + 1, width // 4 + 1, 3), np.uint8)
    image = Image.fromarray(rough).resize((width, height), Image.Resampling.BICUBIC)
    transform = create_transform((3, size, size), interpolation="bicubic", crop_pct=0.911, normalize=False)
    result = transform(image).permute(1, 2, 0).numpy()
    cases.append({"from": [width, height], "to": size, "pixels": text(image), "prepared": text(result)})
Path(__file__).with_name("timm_images.json").write_text("[\n" + ",\n".join(map(json.dumps, cases)) + "\n]\n")
