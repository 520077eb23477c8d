#!/usr/bin/env python3
"""The benchmark's peers: the same batch of images through another library; prints one line of JSON.

    peer.py onnxruntime|keras|timm FOLDER NETWORK --batch N

onnxruntime opens the very file that the toolkit exported. keras and timm build their own network with random weights:
keras compiled by tf.function, timm by torch.compile. All take bytes and give probabilities.
"""

import argparse
import json
import os
import resource
import time
from pathlib import Path

import numpy as np

SIZES = {"nasnet-a-mobile": 224, "nasnet-a-large": 331}


def peak_memory():
    # Linux counts in kibibytes.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def with_onnxruntime(folder, network):
    import onnxruntime

    session = onnxruntime.InferenceSession(folder / f"{network}.onnx", providers=["CPUExecutionProvider"])
    answer = lambda images: session.run(["probabilities"], {"images": images})[0]
    return answer, f"onnxruntime {onnxruntime.__version__}"


def with_keras(_folder, network):
    os.environ["KERAS_BACKEND"] = "tensorflow"
    import keras
    import tensorflow as tf

    build = {"nasnet-a-mobile": "NASNetMobile", "nasnet-a-large": "NASNetLarge"}[network]
    model = getattr(keras.applications, build)(weights=None)
    compiled = tf.function(lambda images: model(tf.cast(images, tf.float32) / 127.5 - 1, training=False))
    return lambda images: compiled(images).numpy(), f"keras {keras.__version__}, tensorflow {tf.__version__}"


def with_timm(_folder, network):
    import timm
    import torch

    assert network == "nasnet-a-large", "timm has the large network alone"
    model = timm.create_model("nasnetalarge", pretrained=False).eval().to(memory_format=torch.channels_last)

    @torch.compile
    def compiled(images):
        return model(images.permute(0, 3, 1, 2).float() / 127.5 - 1).softmax(-1)

    def answer(images):
        with torch.inference_mode():
            return compiled(torch.from_numpy(images)).numpy()

    return answer, f"timm {timm.__version__}, torch {torch.__version__}"


LIBRARIES = {"onnxruntime": with_onnxruntime, "keras": with_keras, "timm": with_timm}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", choices=LIBRARIES)
    parser.add_argument("folder", type=Path)
    parser.add_argument("network", choices=SIZES)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--warmup", type=int, default=3, help="runs before those measured")
    parser.add_argument("--runs", type=int, default=20, help="runs measured")
    options = parser.parse_args()

    size = SIZES[options.network]
    pixels = np.fromfile(options.folder / f"{options.network}.rgb", np.uint8)
    images = pixels[: options.batch * size * size * 3].reshape(options.batch, size, size, 3)
    begin = time.perf_counter()
    answer, version = LIBRARIES[options.library](options.folder, options.network)
    probabilities = answer(images)
    start_millis = (time.perf_counter() - begin) * 1000
    millis = []
    for done in range(1, options.warmup + options.runs):
        start = time.perf_counter()
        probabilities = answer(images)
        if done >= options.warmup:
            millis.append((time.perf_counter() - start) * 1000)
    report = {
        "millis": millis,
        "startMillis": start_millis,
        "peakMemoryBytes": peak_memory(),
        "probabilities": probabilities[0].tolist(),
        "version": version,
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
