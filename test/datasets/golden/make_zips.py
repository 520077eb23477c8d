"""Writes plain.zip and zip64.zip, as Python's zipfile makes them; see zip.test.ts.

    python test/datasets/golden/make_zips.py
"""

import zipfile
from pathlib import Path

here = Path(__file__).parent


def write(name: str) -> None:
    with zipfile.ZipFile(here / name, "w") as archive:
        archive.comment = b"A comment lies behind the record that ends the archive."
        for file, content, method in [
            ("photos/", "", zipfile.ZIP_STORED),
            ("photos/stored.txt", "stored as it is", zipfile.ZIP_STORED),
            ("photos/deflated.txt", "again and " * 200 + "again", zipfile.ZIP_DEFLATED),
            ("photos/empty.txt", "", zipfile.ZIP_DEFLATED),
            ("other/grün.txt", "UTF-8 name", zipfile.ZIP_DEFLATED),
        ]:
            entry = zipfile.ZipInfo(file, (2017, 9, 1, 12, 0, 0))
            entry.compress_type = method
            with archive.open(entry, "w", force_zip64=True) as target:
                target.write(content.encode())


write("plain.zip")
# Everything counts as too large for 32 bits, so sizes, places and the directory's end are written in 64.
zipfile.ZIP64_LIMIT = 0
zipfile.ZIP_FILECOUNT_LIMIT = 0
write("zip64.zip")
