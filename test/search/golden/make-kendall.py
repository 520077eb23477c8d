"""Writes kendall.json: Kendall's tau-b of lists, with and without ties, by SciPy (pip install scipy)."""

import json
import pathlib

import numpy as np
from scipy.stats import kendalltau

rng = np.random.default_rng(5)
cases = []
for length, kinds in [(3, 100), (4, 3), (8, 100), (10, 4), (25, 6), (40, 1000)]:
    for _ in range(3):
        a = rng.integers(0, kinds, length)
        b = rng.integers(0, kinds, length) + (a if rng.random() < 0.5 else 0)
        tau = float(kendalltau(a, b).statistic)
        if tau == tau:
            cases.append({"a": a.tolist(), "b": b.tolist(), "tau": tau})
lines = ",\n".join(json.dumps(case) for case in cases)
(pathlib.Path(__file__).parent / "kendall.json").write_text(f"[\n{lines}\n]\n")
