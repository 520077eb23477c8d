"""Images for schemathesis: what a description can only call binary data, or a text of base64."""

import base64
import struct
import zlib

import schemathesis
from hypothesis import strategies as st


def png(width, height, colour):
    """The bytes of a PNG file of one colour (RFC 2083)."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress((b"\0" + bytes(colour) * width) * height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


images = st.builds(
    png, st.integers(1, 40), st.integers(1, 40), st.tuples(*[st.integers(0, 255)] * 3)
)

schemathesis.openapi.format("binary", images)
schemathesis.openapi.format("image", images.map(lambda image: base64.b64encode(image).decode()))
# The bytes decide the format, not the name of the type.
for kind in ["jpeg", "png", "webp", "gif", "avif"]:
    schemathesis.openapi.media_type(f"image/{kind}", images)
schemathesis.openapi.media_type("application/octet-stream", images)


@schemathesis.hook
def filter_case(context, case):
    """A drawing is of one image: no schema relates a parameter to the body."""
    draws = str((case.query or {}).get("draw", "")).lower() in ("true", "1")
    return not (draws and isinstance(case.body, dict) and "images" in case.body)
