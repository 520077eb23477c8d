"""Asks a running server with NVIDIA's own client, and prints what was sent and what the client understood, as JSON.

Needs: tritonclient[http] (which brings numpy). Start a server and run it as

    toolkit serve test/serve/golden/quadrants.onnx test/serve/golden/detector.onnx --port 8080
    python test/serve/golden/make_triton.py 127.0.0.1:8080 > test/serve/golden/triton.json

open-inference.test.ts sends the same bytes again, and, where PYTHON has the client, runs this script and compares.
"""

import base64
import json
import struct
import sys
import urllib.request
import zlib

import numpy as np
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

URL = sys.argv[1]
CORNERS = np.array([[[230, 20, 40], [30, 210, 60]], [[10, 50, 240], [220, 200, 100]]], np.uint8)


def quadrants(height, width):
    """A picture of four colours, [height, width, 3]."""
    return CORNERS.repeat(height // 2, axis=0).repeat(width // 2, axis=1)


def scene():
    """A dark picture of 48 x 64 pixels with a red and a blue rectangle."""
    pixels = np.full((48, 64, 3), 60, np.uint8)
    pixels[6:16, 5:25] = [200, 0, 0]
    pixels[30:46, 40:60] = [0, 0, 250]
    return pixels


def png(pixels):
    """The bytes of a PNG file (RFC 2083), uncompressed, so that they are the same with every zlib."""
    height, width, _ = pixels.shape

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 0)) + chunk(b"IEND", b"")


def tensor(values, datatype, binary):
    given = triton.InferInput("images", list(values.shape), datatype)
    given.set_data_from_numpy(values, binary_data=binary)
    return given


def files(*images):
    return np.array(list(images), dtype=object)


def wanted(name, **settings):
    return triton.InferRequestedOutput(name, **settings)


def seen(array):
    return {"shape": list(array.shape), "type": str(array.dtype), "data": [plain(value) for value in array.ravel()]}


def plain(value):
    return value.decode() if isinstance(value, bytes) else float(value)


def ask(name, model, inputs, outputs=None, names=(), **settings):
    """One request, as bytes, through a connection of our own, with the client's reading of the answer."""
    body, json_size = triton.InferenceServerClient.generate_request_body(inputs, outputs=outputs, **settings)
    headers = {"Content-Type": "application/octet-stream"}
    if json_size is not None:
        headers["Inference-Header-Content-Length"] = str(json_size)
    path = f"/v2/models/{model}/infer"
    request = urllib.request.Request(f"http://{URL}{path}", data=body, headers=headers)
    with urllib.request.urlopen(request) as response:
        length = response.headers.get("Inference-Header-Content-Length")
        result = triton.InferenceServerClient.parse_response_body(
            response.read(), header_length=None if length is None else int(length)
        )
    return {
        "name": name,
        "path": path,
        "headers": headers,
        "body": base64.b64encode(body).decode(),
        "id": result.get_response().get("id"),
        "outputs": {output: seen(result.as_numpy(output)) for output in names},
    }


def asked_through_the_client():
    """What the client's own connection is told, errors included."""
    client = triton.InferenceServerClient(URL)
    result = client.infer("quadrants", [tensor(quadrants(16, 24)[None], "UINT8", True)], model_version="1")
    told = {
        "live": client.is_server_live(),
        "ready": client.is_server_ready(),
        "model ready": client.is_model_ready("quadrants"),
        "version ready": client.is_model_ready("quadrants", "1"),
        "other ready": client.is_model_ready("nothing"),
        "extensions": client.get_server_metadata()["extensions"],
        "metadata": client.get_model_metadata("quadrants"),
        "probabilities": seen(result.as_numpy("probabilities")),
    }
    for name, model, values, datatype in [
        ("no model", "nothing", quadrants(16, 24)[None], "UINT8"),
        ("wrong size", "quadrants", quadrants(16, 16)[None], "UINT8"),
        ("no image", "quadrants", files(b"text"), "BYTES"),
    ]:
        try:
            client.infer(model, [tensor(values, datatype, True)])
        except InferenceServerException as error:
            told[name] = [error.status(), error.message()]
    return told


small, large, things = quadrants(16, 24), png(quadrants(40, 60)), scene()
two = np.stack([small, small[::-1]])
every = ("boxes", "scores", "classes")
cases = [
    ask("pixels in binary", "quadrants", [tensor(small[None], "UINT8", True)], names=["probabilities"]),
    ask(
        "pixels in JSON, answered in JSON",
        "quadrants",
        [tensor(small[None], "UINT8", False)],
        [wanted("probabilities", binary_data=False)],
        ["probabilities"],
        request_id="a 1",
    ),
    ask("two images of floats", "quadrants", [tensor(two.astype(np.float32), "FP32", True)], names=["probabilities"]),
    ask("files", "quadrants", [tensor(files(png(small), large), "BYTES", True)], names=["probabilities"]),
    ask(
        "the best classes",
        "quadrants",
        [tensor(two, "UINT8", True)],
        [wanted("probabilities", class_count=3)],
        ["probabilities"],
    ),
    ask("a scene", "detector", [tensor(things[None], "UINT8", True)], names=every),
    ask("a scene twice as large", "detector", [tensor(files(png(things.repeat(2, 0).repeat(2, 1))), "BYTES", True)], names=every),
    ask("one output", "detector", [tensor(things[None], "UINT8", True)], [wanted("scores")], ["scores"]),
]
lines = ",\n".join(json.dumps(case) for case in cases)
print(f'{{"client": {json.dumps(asked_through_the_client())},\n"cases": [\n{lines}\n]}}')
