"""Writes meta.mat and meta-compressed.mat with fields as in ILSVRC2012's development kit, but with four classes and one of
their parents; see mat-structs.test.ts.

    python test/datasets/golden/make_meta.py        (scipy 1.17.1)
"""

from pathlib import Path

import numpy as np
from scipy.io import savemat

here = Path(__file__).parent
names = ["ILSVRC2012_ID", "WNID", "words", "gloss", "num_children", "children", "wordnet_height", "num_train_images"]
rows = [
    (1, "n02119789", "kit fox, Vulpes macrotis", "small grey fox", 0, [], 0, 1300),
    (2, "n01443537", "goldfish, Carassius auratus", "small golden fish", 0, [], 0, 1300),
    (3, "n02123045", "tabby, tabby cat", "a cat with a grey coat", 0, [], 0, 1300),
    (300, "n01440764", "tench, Tinca tinca", "freshwater dace-like game fish", 0, [], 0, 1300),
    (1001, "n02075296", "carnivore", "a terrestrial or aquatic flesh-eating mammal", 2, [1, 3], 7, 0),
]
synsets = np.zeros((len(rows), 1), dtype=[(name, object) for name in names])
for i, row in enumerate(rows):
    synsets[i, 0] = tuple(np.array(value, dtype=float) if isinstance(value, (int, list)) else value for value in row)
for name, compressed in [("meta.mat", False), ("meta-compressed.mat", True)]:
    savemat(here / name, {"other": np.arange(3.0), "synsets": synsets}, do_compression=compressed)
    data = bytearray((here / name).read_bytes())
    # The first line has the time.
    data[:116] = b"MATLAB 5.0 MAT-file".ljust(116)
    (here / name).write_bytes(data)
