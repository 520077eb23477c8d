"""Writes python.safetensors with the reference implementation (pip install safetensors numpy).

`python make-safetensors.py` writes the golden file;
`python make-safetensors.py FILE` prints what the reference reader finds in FILE, as JSON.
"""

import json
import pathlib
import sys

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

if len(sys.argv) == 1:
    tensors = {
        "cell_0/depthwise": np.arange(12, dtype=np.float32).reshape(2, 3, 2) / 8 - 0.5,
        "empty": np.zeros((0, 4), dtype=np.float32),
        "labels": np.array([3, -1, 2**31 - 1], dtype=np.int32),
        "odd": np.array([1, 2, 255], dtype=np.uint8),
        "scalar": np.array(2.5, dtype=np.float64),
        "step": np.array([2**53 + 1], dtype=np.int64),
    }
    save_file(tensors, pathlib.Path(__file__).parent / "python.safetensors", metadata={"by": "Python — ü"})
else:
    with safe_open(sys.argv[1], framework="numpy") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}
        found = {n: {"dtype": str(t.dtype), "shape": t.shape, "data": t.ravel().tolist()} for n, t in tensors.items()}
        print(json.dumps({"metadata": file.metadata(), "tensors": found}))
