"""Draws small data sets with everything that is awkward in them. Needs numpy."""

import numpy as np

SIGMAS = 17


def outline(rng, x, y, w, h, corners):
    """A star-shaped polygon in a box, with COCO's two decimals."""
    turn = np.sort(rng.uniform(0, 2 * np.pi, corners))
    radius = rng.uniform(0.4, 1, corners)
    xs = x + w / 2 + np.cos(turn) * radius * w / 2
    ys = y + h / 2 + np.sin(turn) * radius * h / 2
    return [round(float(v), 2) for pair in zip(xs, ys) for v in pair]


def drawn(seed, images=14, categories=4, crowd=0.12, tie_decimals=1, flood=True, side=240):
    """
    Annotations with crowds, images without objects, a category without any, boxes of no area and over the edge,
    and results for all three types: scores rounded so that many tie, more detections than count in one image,
    detections of absent objects.
    """
    rng = np.random.default_rng(seed)
    sizes = [(int(rng.integers(60, side)), int(rng.integers(60, side))) for _ in range(images)]
    gt = {
        'info': {'seed': seed},
        'images': [
            {'id': 100 + 3 * i, 'height': h, 'width': w, 'file_name': f'{i}.jpg'} for i, (h, w) in enumerate(sizes)
        ],
        'categories': [{'id': 2 * k + 1, 'name': f'thing {k}', 'supercategory': 'things'} for k in range(categories)],
        'annotations': [],
    }
    results = {'bbox': [], 'segm': [], 'keypoints': []}

    def score():
        return round(float(rng.uniform()), tie_decimals)

    for i, (h, w) in enumerate(sizes):
        if i % 5 == 4:
            continue  # without objects
        for _ in range(int(rng.integers(1, 7))):
            k = int(rng.integers(categories - 1))  # the last category stays without objects
            bw, bh = float(rng.uniform(3, w * 0.8)), float(rng.uniform(3, h * 0.8))
            x, y = float(rng.uniform(-0.1 * w, w - bw * 0.7)), float(rng.uniform(-0.1 * h, h - bh * 0.7))
            box = [round(v, 2) for v in (x, y, bw, bh)]
            if rng.uniform() < 0.05:
                box[2] = 0.0
            is_crowd = int(rng.uniform() < crowd)
            parts = [outline(rng, *box, int(rng.integers(3, 12))) for _ in range(int(rng.integers(1, 3)))]
            segmentation = parts
            if is_crowd:
                mask = np.zeros((h, w), np.uint8)
                x0, y0 = max(0, int(x)), max(0, int(y))
                mask[y0 : y0 + int(bh) + 1, x0 : x0 + int(bw) + 1] = rng.uniform(size=mask.shape)[
                    y0 : y0 + int(bh) + 1, x0 : x0 + int(bw) + 1
                ] < 0.8
                flat = mask.ravel(order='F')
                edges = np.flatnonzero(np.diff(np.concatenate([[0], flat, [1 - flat[-1]]])))
                counts = np.diff(np.concatenate([[0], edges])).tolist()
                segmentation = {'size': [h, w], 'counts': [int(c) for c in counts]}
            points = []
            for _ in range(SIGMAS):
                v = int(rng.choice([0, 1, 2], p=[0.3, 0.2, 0.5]))
                points += [int(x + rng.uniform() * bw), int(y + rng.uniform() * bh), v] if v else [0, 0, 0]
            if rng.uniform() < 0.15:
                points = [0] * (3 * SIGMAS)
            gt['annotations'].append(
                {
                    'id': len(gt['annotations']) + 1,
                    'image_id': 100 + 3 * i,
                    'category_id': 2 * k + 1,
                    'bbox': box,
                    'area': round(box[2] * box[3] * 0.7, 2),
                    'iscrowd': is_crowd,
                    'segmentation': segmentation,
                    'keypoints': points,
                    'num_keypoints': sum(1 for v in points[2::3] if v > 0),
                }
            )
            for _ in range(int(rng.integers(0, 4))):
                spread = float(rng.choice([0.0, 0.02, 0.08, 0.3]))
                near = [float(b + rng.normal() * spread * s) for b, s in zip(box, (bw, bh, bw, bh))]
                near[2], near[3] = max(near[2], 0.0), max(near[3], 0.0)
                category = 2 * (k if rng.uniform() < 0.9 else int(rng.integers(categories))) + 1
                head = {'image_id': 100 + 3 * i, 'category_id': category}
                results['bbox'].append({**head, 'bbox': near, 'score': score()})
                moved = [[c + float(rng.normal()) * spread * bw * 0.2 for c in part] for part in parts]
                results['segm'].append({**head, 'segmentation': moved, 'score': score(), 'height': h, 'width': w})
                near_points = [
                    p if j % 3 == 2 else float(p + rng.normal() * spread * bw * 0.2) for j, p in enumerate(points)
                ]
                results['keypoints'].append({**head, 'keypoints': near_points, 'score': score()})
    if flood:
        h, w = sizes[0]
        for n in range(130):
            x, y = float(rng.uniform(0, w)), float(rng.uniform(0, h))
            head = {'image_id': 100, 'category_id': 1}
            results['bbox'].append({**head, 'bbox': [x, y, 30.0, 20.0], 'score': score()})
            results['segm'].append(
                {**head, 'segmentation': [outline(rng, x, y, 30, 20, 5)], 'score': score(), 'height': h, 'width': w}
            )
            results['keypoints'].append(
                {**head, 'keypoints': [float(v) for v in rng.uniform(0, w, 3 * SIGMAS)], 'score': score()}
            )
    return gt, results


def compressed(results):
    """Polygons of mask results as compressed RLE, the only form that pycocotools takes there."""
    from pycocotools import mask

    out = []
    for one in results:
        one = dict(one)
        h, w = one.pop('height'), one.pop('width')
        rle = mask.merge(mask.frPyObjects(one['segmentation'], h, w))
        one['segmentation'] = {'size': [h, w], 'counts': rle['counts'].decode()}
        out.append(one)
    return out
