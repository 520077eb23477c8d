#!/usr/bin/env python3
"""The benchmark's peers: training images from JPEG files by another library; prints one line of JSON.

    peer.py torchvision|tensorflow FOLDER --size N --batch N --images N

FOLDER holds class folders of JPEG files. Every image is decoded, cropped at random to 5 to 100 % of its area, scaled to
N x N, mirrored by chance, changed in brightness, contrast, saturation and hue, and put into a batch of floats in [-1, 1].
torchvision works as its training recipes do; tensorflow as TF-Slim's Inception preprocessing, by tf.data.
"""

import argparse
import json
import resource
import time
from pathlib import Path


def usage():
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    # Linux counts memory in kibibytes.
    return sum(one.ru_utime + one.ru_stime for one in both), max(one.ru_maxrss for one in both) * 1024


def with_torchvision(folder, size, batch, workers):
    import torch
    import torchvision
    from torchvision import transforms

    torch.set_num_threads(1)
    transform = transforms.Compose(
        [
            transforms.RandomResizedCrop(size, scale=(0.05, 1.0), ratio=(0.75, 4 / 3)),
            transforms.RandomHorizontalFlip(),
            transforms.ColorJitter(brightness=32 / 255, contrast=0.5, saturation=0.5, hue=0.2),
            transforms.ToTensor(),
            transforms.Normalize([0.5] * 3, [0.5] * 3),
        ]
    )
    data = torchvision.datasets.ImageFolder(folder, transform)

    def batches():
        while True:
            yield from torch.utils.data.DataLoader(
                data, batch_size=batch, shuffle=True, drop_last=True, num_workers=workers
            )

    return batches(), f"torchvision {torchvision.__version__}, torch {torch.__version__}"


def with_tensorflow(folder, size, batch, workers):
    import os

    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import tensorflow as tf

    def prepare(path):
        contents = tf.io.read_file(path)
        begin, extent, _ = tf.image.sample_distorted_bounding_box(
            tf.image.extract_jpeg_shape(contents),
            tf.zeros([1, 0, 4]),
            min_object_covered=0.1,
            aspect_ratio_range=(0.75, 4 / 3),
            area_range=(0.05, 1.0),
            use_image_if_no_bounding_boxes=True,
        )
        window = tf.concat([begin[:2], extent[:2]], 0)
        image = tf.image.decode_and_crop_jpeg(contents, window, channels=3)
        image = tf.image.resize(image / 255, (size, size))
        image = tf.image.random_flip_left_right(image)
        image = tf.image.random_brightness(image, 32 / 255)
        image = tf.image.random_saturation(image, 0.5, 1.5)
        image = tf.image.random_hue(image, 0.2)
        image = tf.image.random_contrast(image, 0.5, 1.5)
        return tf.clip_by_value(image, 0.0, 1.0) * 2 - 1

    paths = sorted(str(path) for path in Path(folder).glob("*/*.jpg"))
    data = tf.data.Dataset.from_tensor_slices(paths).shuffle(len(paths)).repeat()
    data = data.map(prepare, num_parallel_calls=max(1, workers)).batch(batch).prefetch(1)
    options = tf.data.Options()
    options.threading.private_threadpool_size = max(1, workers)
    return iter(data.with_options(options)), f"tensorflow {tf.__version__}"


LIBRARIES = {"torchvision": with_torchvision, "tensorflow": with_tensorflow}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", choices=LIBRARIES)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--size", type=int, required=True)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--images", type=int, required=True, help="images to prepare, after two batches")
    parser.add_argument("--workers", type=int, required=True)
    options = parser.parse_args()

    batches, version = LIBRARIES[options.library](options.folder, options.size, options.batch, options.workers)
    for _ in range(2):
        next(batches)
    before, _ = usage()
    begin = time.perf_counter()
    done = 0
    while done < options.images:
        next(batches)
        done += options.batch
    seconds = time.perf_counter() - begin
    # Workers are child processes, counted when they have ended.
    del batches
    after, memory = usage()
    report = {
        "images": done,
        "seconds": seconds,
        "processorSeconds": after - before,
        "peakMemoryBytes": memory,
        "version": version,
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
