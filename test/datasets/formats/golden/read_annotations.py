"""Reads folders of annotations as other programs do, and prints the boxes that they see; see readers.test.ts.

    python test/datasets/formats/golden/read_annotations.py coco|yolo|voc FOLDER     (pycocotools, ultralytics, torchvision)

Prints JSON: {"name of an image": [["category", x, y, width, height], …]}, in pixels counted from 0. Exits with 3 where a
package is missing.
"""

import json
import sys
from pathlib import Path


def read_coco(folder: Path) -> dict:
    from pycocotools.coco import COCO

    stdout, sys.stdout = sys.stdout, sys.stderr  # it prints what it does
    coco = COCO(str(folder / "annotations" / "all.json"))
    sys.stdout = stdout
    return {
        image["file_name"]: [
            [coco.cats[a["category_id"]]["name"], *a["bbox"]] for a in coco.loadAnns(coco.getAnnIds(image["id"]))
        ]
        for image in coco.loadImgs(coco.getImgIds())
    }


def read_yolo(folder: Path) -> dict:
    """By what Ultralytics checks every image and its labels with; it refuses labels that it would not train on."""
    from ultralytics.data.utils import check_det_dataset, img2label_paths, verify_image_label

    data = check_det_dataset(str(folder / "data.yaml"), autodownload=False)
    images = sorted(str(path) for path in Path(data["train"]).rglob("*") if path.suffix == ".jpg")
    boxes = {}
    for image, label in zip(images, img2label_paths(images)):
        args = (image, label, "", False, len(data["names"]), 0, 0, False)
        _, lines, (height, width), _, _, missing, _, _, corrupt, message = verify_image_label(args)
        if corrupt or missing:
            sys.exit(f"{image}: {message or 'no labels'}")
        boxes[str(Path(image).relative_to(data["train"]))] = [
            [data["names"][int(c)], (x - w / 2) * width, (y - h / 2) * height, w * width, h * height]
            for c, x, y, w, h in lines.astype(float).tolist()
        ]
    return boxes


def read_voc(folder: Path) -> dict:
    """Boxes count from 1 and hold their last pixel, as the development kit of VOC defines."""
    import torchvision

    # Its own class adds VOCdevkit/VOC2012 to the folder, which it only needs to check what was downloaded.
    (folder.parent / "devkit" / "VOCdevkit").mkdir(parents=True)
    (folder.parent / "devkit" / "VOCdevkit" / "VOC2012").symlink_to(folder)
    dataset = torchvision.datasets.VOCDetection(str(folder.parent / "devkit"), image_set="trainval")
    boxes = {}
    for i in range(len(dataset)):
        image, target = dataset[i]
        annotation = target["annotation"]
        size = annotation["size"]
        assert (int(size["width"]), int(size["height"])) == image.size, annotation
        found = []
        for one in annotation.get("object", []):
            x1, y1, x2, y2 = (float(one["bndbox"][key]) for key in ("xmin", "ymin", "xmax", "ymax"))
            found.append([one["name"], x1 - 1, y1 - 1, x2 - x1 + 1, y2 - y1 + 1])
        boxes[str(Path(dataset.images[i]).relative_to(folder.parent / "devkit/VOCdevkit/VOC2012/JPEGImages"))] = found
    return boxes


try:
    print(json.dumps({"coco": read_coco, "yolo": read_yolo, "voc": read_voc}[sys.argv[1]](Path(sys.argv[2]).resolve())))
except ImportError as error:
    print(error, file=sys.stderr)
    sys.exit(3)
