"""Draws boxes and detections and lets pycocotools measure them. Writes evaluation.json beside itself.

    python3 make_evaluation.py          # needs pycocotools
"""
import contextlib
import io
import json
import pathlib
import random

from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

draw = random.Random(4)
categories = [{"id": 2, "name": "red"}, {"id": 5, "name": "green"}, {"id": 9, "name": "blue"}]
images, annotations, detections = [], [], []
for i in range(16):
    width, height = draw.randint(60, 400), draw.randint(60, 400)
    images.append({"id": 100 + 3 * i, "width": width, "height": height, "file_name": f"{i}.png"})
    # The last image has no objects.
    for _ in range(draw.randint(1, 5) if i < 15 else 0):
        largest = draw.choice([30, 90, 400])
        w, h = (draw.randint(10, min(largest, side - 8)) for side in (width, height))
        x, y = draw.randint(0, width - w), draw.randint(0, height - h)
        category = draw.choice(categories)["id"]
        crowd = int(draw.random() < 0.1)
        annotations.append({"id": len(annotations) + 1, "image_id": images[-1]["id"], "category_id": category,
                            "bbox": [x, y, w, h], "area": w * h, "iscrowd": crowd})
        for _ in range(draw.randint(0, 2)):
            shift = [draw.gauss(0, 0.06) * side for side in (w, h, w, h)]
            left, top = max(0, x + shift[0]), max(0, y + shift[1])
            right, bottom = min(width, x + w + shift[2]), min(height, y + h + shift[3])
            detections.append({"image_id": images[-1]["id"],
                               "category_id": category if draw.random() < 0.9 else draw.choice(categories)["id"],
                               "bbox": [round(v, 2) for v in (left, top, right - left, bottom - top)],
                               "score": round(draw.random(), 3)})
    if draw.random() < 0.6 or i == 15:
        detections.append({"image_id": images[-1]["id"], "category_id": draw.choice(categories)["id"],
                           "bbox": [1.25, 2.5, 40.75, 30.25], "score": round(draw.random(), 3)})

with contextlib.redirect_stdout(io.StringIO()):
    truth = COCO()
    truth.dataset = {"images": images, "annotations": annotations, "categories": categories}
    truth.createIndex()
    found = truth.loadRes(json.loads(json.dumps(detections)))

    def stats(image_ids, category_ids):
        run = COCOeval(truth, found, "bbox")
        run.params.imgIds, run.params.catIds = image_ids, category_ids
        run.evaluate()
        run.accumulate()
        run.summarize()
        return [float(value) for value in run.stats]

    ids = [image["id"] for image in images]
    everything = stats(ids, [2, 5, 9])
    golden = {
        "images": images, "annotations": annotations, "categories": categories, "detections": detections,
        "stats": everything,
        "perCategory": [stats(ids, [category]) for category in (2, 5, 9)],
        # As if the first two images could not be read.
        "withoutFirstTwo": stats(ids[2:], [2, 5, 9]),
    }
path = pathlib.Path(__file__).with_name("evaluation.json")
path.write_text(json.dumps(golden) + "\n")
