"""Writes the golden files beside this script, from the real pycocotools: pip install pycocotools numpy."""

import base64
import gzip
import json
import os
import sys

import numpy as np
from pycocotools import mask

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(HERE, '..', 'peer'))

from drawn import compressed, drawn  # noqa: E402
from evaluate import evaluate  # noqa: E402


def save(name, value):
    text = json.dumps(value, separators=(',', ':')).encode()
    with open(os.path.join(HERE, name), 'wb') as file:
        with gzip.GzipFile(fileobj=file, mode='wb', filename='', mtime=0) as packed:
            packed.write(text)


def rle(one):
    return {'size': list(one['size']), 'counts': one['counts'].decode()}


def packed(array):
    return base64.b64encode(np.ascontiguousarray(array, dtype='<f8').tobytes()).decode()


def masks():
    rng = np.random.default_rng(7)
    cases, groups = [], []
    for h, w in [(1, 1), (1, 9), (9, 1), (5, 4), (17, 33), (40, 31)]:
        group = []
        for density in (0, 0.02, 0.3, 0.7, 1):
            pixels = (rng.uniform(size=(h, w)) < density).astype(np.uint8)
            if density == 0.3:
                pixels[:, w // 2 :] = 0
            group.append(np.asfortranarray(pixels))
        encoded = [mask.encode(one) for one in group]
        for pixels, code in zip(group, encoded):
            cases.append(
                {
                    'rle': rle(code),
                    'rows': ''.join(map(str, pixels.ravel().tolist())),
                    'area': int(mask.area(code)),
                    'bbox': mask.toBbox(code).tolist(),
                }
            )
        crowd = [0, 1, 0, 1, 0]
        groups.append(
            {
                'rles': [rle(one) for one in encoded],
                'crowd': crowd,
                'iou': mask.iou(encoded, encoded, crowd).tolist(),
                'union': rle(mask.merge(encoded)),
                'intersection': rle(mask.merge(encoded, intersect=1)),
                'pairs': [
                    [rle(mask.merge([a, b])), rle(mask.merge([a, b], intersect=1))] for a in encoded for b in encoded
                ],
            }
        )
    # Long runs, and differences of either sign, take several pieces in the compressed form.
    long = np.zeros((1000, 700), np.uint8)
    long[3:900, 100:400] = 1
    long[500, :] = 1
    code = mask.encode(np.asfortranarray(long))
    strings = [{'rle': rle(code), 'area': int(mask.area(code)), 'bbox': mask.toBbox(code).tolist()}]
    return {'cases': cases, 'groups': groups, 'strings': strings}


def polygons():
    rng = np.random.default_rng(8)
    cases = []

    def add(polygon, h, w):
        polygon = [float(v) for v in polygon]
        code = mask.frPyObjects([polygon], h, w)[0]
        cases.append({'polygon': polygon, 'size': [h, w], 'counts': code['counts'].decode()})

    for _ in range(220):
        h, w = int(rng.integers(1, 60)), int(rng.integers(1, 60))
        corners = int(rng.integers(3, 9))
        points = rng.uniform(-0.3, 1.3, (corners, 2)) * [w, h]
        kind = int(rng.integers(5))
        if kind == 0:
            points = np.round(points)
        elif kind == 1:
            points = np.round(points * 2) / 2
        elif kind == 2:
            points = np.round(points, 2)
        elif kind == 3:
            points[1] = points[0]
        add(points.ravel(), h, w)
    for polygon in (
        [2, 2, 2, 2, 2, 2],
        [0, 0, 0, 10, 10, 10, 10, 0],
        [-5, -5, -5, 50, 50, 50, 50, -5],
        [3, -20, 3.4, 40, 3.8, -20],
        [-30, 4, 40, 4.2, -30, 4.4],
        [1.1, 1.1, 8.9, 1.1, 1.1, 8.9, 8.9, 8.9],
        [4, 4, 4, 4, 9, 4, 9, 9, 4, 9],
        [-9, -9, -1, -9, -1, -1],
        [0.5, 0.5, 0.5, 9.5, 9.5, 9.5, 9.5, 0.5],
        [0, 0, 1000, 1, 0, 2],
        [5, 5, 6, 5, 6, 6, 7],
    ):
        add(polygon, 10, 12)
    boxes = []
    for _ in range(60):
        h, w = int(rng.integers(1, 50)), int(rng.integers(1, 50))
        box = rng.uniform(-0.3, 1.2, 4) * [w, h, w, h]
        box[2:] = np.abs(box[2:])
        if rng.uniform() < 0.3:
            box = np.round(box)
        code = mask.frPyObjects(np.asarray([box]), h, w)[0]
        boxes.append({'box': box.tolist(), 'size': [h, w], 'counts': code['counts'].decode()})
    joined = []
    for _ in range(25):
        h, w = int(rng.integers(5, 60)), int(rng.integers(5, 60))
        parts = [np.round(rng.uniform(-0.1, 1.1, 10) * w, 2).tolist() for _ in range(3)]
        code = mask.merge(mask.frPyObjects(parts, h, w))
        joined.append({'polygons': parts, 'size': [h, w], 'counts': code['counts'].decode()})
    return {'polygons': cases, 'boxes': boxes, 'joined': joined}


def evaluation(seed, runs, **options):
    gt, results = drawn(seed, **options)
    results['segm'] = compressed(results['segm'])
    out = {'annotations': gt, 'results': results, 'runs': []}
    for iou_type, params in runs:
        found = evaluate(gt, results[iou_type], iou_type, params)
        for key in ('precision', 'recall', 'scores', 'stats'):
            found[key] = packed(found[key])
        out['runs'].append({'iouType': iou_type, 'params': params, **found})
    return out


if __name__ == '__main__':
    save('masks.json.gz', masks())
    save('polygons.json.gz', polygons())
    plain = [('bbox', {}), ('segm', {}), ('keypoints', {})]
    save('eval-plain.json.gz', evaluation(1, plain))
    settings = [
        ('bbox', {'useCats': 0}),
        ('segm', {'useCats': 0}),
        ('keypoints', {'useCats': 0}),
        ('bbox', {'maxDets': [3, 7, 100], 'catIds': [1, 5], 'imgIds': [100, 106, 112, 118]}),
        ('bbox', {'iouThrs': np.array([0.0, 0.3, 1.0]), 'recThrs': np.array([0.0, 0.5, 0.9])}),
    ]
    made = evaluation(2, settings, images=8, crowd=0.4, tie_decimals=0)
    for run in made['runs']:
        run['params'] = {k: v.tolist() if hasattr(v, 'tolist') else v for k, v in run['params'].items()}
    save('eval-settings.json.gz', made)
