"""Writes timm.json.gz: names, shapes and answers of timm's NASNetALarge, as it is.

    pip install torch timm
    python test/weights/golden/make_timm.py
"""

import gzip
import hashlib
import json
from pathlib import Path

import numpy as np
import paths
import timm
import torch
from numbers_of import image, values
from timm.models.nasnet import NASNetALarge

SIZE = 71


def shapes(model):
    return {name: list(t.shape) for name, t in model.state_dict().items()}


def own_shape(path, shape):
    """The toolkit's order of axes."""
    order = {4: (2, 3, 0, 1) if path.endswith("depthwise") else (2, 3, 1, 0), 2: (1, 0)}.get(len(shape), (0,))
    return [shape[axis] for axis in order], np.argsort(order)


def answer():
    model = NASNetALarge(num_classes=1001, stem_size=8, num_features=192).eval()
    state = {}
    tensors = {}
    for name, shape in shapes(model).items():
        if name.endswith("num_batches_tracked"):
            tensors[name] = [None, shape]
            state[name] = torch.tensor(1)
            continue
        path = paths.timm(name)
        own, back = own_shape(path, shape)
        state[name] = torch.from_numpy(np.ascontiguousarray(values(path, own).transpose(back)))
        tensors[name] = [path, shape]
    model.load_state_dict(state)
    picture = torch.from_numpy(image(SIZE)[None].astype(np.float32).transpose(0, 3, 1, 2) / 127.5 - 1)
    with torch.no_grad():
        logits = model(picture)[0].numpy()
    return {"size": SIZE, "tensors": tensors, "logits": logits.astype(float).round(6).tolist()}


def digest(model):
    lines = sorted(f"{name} {shape}" for name, shape in shapes(model).items() if "num_batches" not in name)
    return {"tensors": len(lines), "sha256": hashlib.sha256("\n".join(lines).encode()).hexdigest()}


golden = {
    "networks": {"nasnet-a-large": digest(timm.create_model("nasnetalarge"))},
    "cases": {"1001 classes": answer()},
}
text = json.dumps(golden, separators=(",", ":"))
Path(__file__).with_name("timm.json.gz").write_bytes(gzip.compress(text.encode(), 9, mtime=0))
