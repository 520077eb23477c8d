"""Writes shards as webdataset's TarWriter and Python's tarfile (GNU and pax) make them, and where tarfile finds their members;
see shard-index.test.ts.

    python test/datasets/golden/make_shards.py        (webdataset 1.0.2)
"""

import io
import json
import tarfile
from pathlib import Path

import webdataset

here = Path(__file__).parent
LONG = "folder/" * 20 + "name" * 30


def members(path: Path) -> list:
    with tarfile.open(path) as archive:
        return [[m.name, m.offset_data, m.size] for m in archive if m.isfile()]


def add(archive: tarfile.TarFile, name: str, content: bytes, **more) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for key, value in more.items():
        setattr(info, key, value)
    archive.addfile(info, io.BytesIO(content))


def write_tarfile(path: Path, form: int) -> None:
    with tarfile.open(path, "w", format=form) as archive:
        add(archive, "./v1.0", b"", type=tarfile.DIRTYPE)
        for i, key in enumerate(["./v1.0/a b", "grün/ü", LONG]):
            add(archive, f"{key}.JPG", bytes([i + 1]) * (511 + i))
            add(archive, f"{key}.cls", str(i).encode())
        add(archive, "link.jpg", b"", type=tarfile.SYMTYPE, linkname="target/" * 30)


found = {}
path = here / "webdataset.tar"
with webdataset.TarWriter(str(path), mtime=0) as writer:
    for i in range(3):
        writer.write({"__key__": f"{i:06d}", "jpg": bytes([i + 1]) * 600, "cls": i, "json": {"label": 7}})
found[path.name] = members(path)
for name, form in [("gnu.tar", tarfile.GNU_FORMAT), ("pax.tar", tarfile.PAX_FORMAT)]:
    write_tarfile(here / name, form)
    found[name] = members(here / name)
(here / "shards.json").write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n")
