"""Writes analyses.json.gz and lvis.json.gz beside this script, from other packages' analyses of drawn data sets:

pip install pycocotools numpy tidecv supervision lvis scikit-learn
"""

import contextlib
import copy
import io
import json
import os
import sys
import tempfile

import numpy as np

np.float = float  # lvis 0.5.3 was written for an older NumPy.

from lvis import LVIS, LVISEval, LVISResults  # noqa: E402
from pycocotools.coco import COCO  # noqa: E402
from pycocotools.cocoeval import COCOeval  # noqa: E402
from sklearn.calibration import calibration_curve  # noqa: E402
from supervision import ConfusionMatrix  # noqa: E402
from tidecv import TIDE, Data  # noqa: E402

from make_golden import compressed, drawn, packed, save  # noqa: E402


def quiet(work):
    with contextlib.redirect_stdout(io.StringIO()):
        return work()


def loaded(gt, results):
    coco = COCO()
    coco.dataset = copy.deepcopy(gt)
    quiet(coco.createIndex)
    return coco, quiet(lambda: coco.loadRes(copy.deepcopy(results)))


def evaluated(gt, results, iou_type='bbox'):
    run = COCOeval(*loaded(gt, results), iou_type)
    quiet(run.evaluate)
    quiet(run.accumulate)
    quiet(run.summarize)
    return run


def decisions(run, category):
    """Scores and correctness of a category's detections at IoU 0.5 that are not ignored, and its objects."""
    images, areas = len(run.params.imgIds), len(run.params.areaRng)
    at = run.params.catIds.index(category) * areas * images
    found = [one for one in run.evalImgs[at : at + images] if one is not None]
    scores = np.concatenate([one['dtScores'] for one in found] or [[]])
    matched = np.concatenate([one['dtMatches'][0] for one in found] or [[]]) > 0
    counts = ~np.concatenate([one['dtIgnore'][0] for one in found] or [[]]).astype(bool)
    return scores[counts], matched[counts], int(sum((np.asarray(one['gtIgnore']) == 0).sum() for one in found))


def f_beta(scores, correct, objects, beta):
    points = []
    for threshold in sorted(set(scores.tolist()), reverse=True):
        chosen = scores >= threshold
        precision = correct[chosen].sum() / chosen.sum()
        recall = correct[chosen].sum() / objects if objects else 0
        weight = beta**2 * precision + recall
        points.append([threshold, precision, recall, (1 + beta**2) * precision * recall / weight if weight else 0])
    best = max(points, key=lambda point: point[3], default=None)
    return {'points': points, 'best': best if best and best[3] > 0 else None, 'objects': objects}


def all_decisions(run):
    parts = [decisions(run, category) for category in run.params.catIds]
    scores, correct = (np.concatenate([part[i] for part in parts]) for i in (0, 1))
    return scores, correct, sum(part[2] for part in parts)


def f_betas(run, beta):
    return {
        'beta': beta,
        'categories': [f_beta(*decisions(run, category), beta) for category in run.params.catIds],
        'all': f_beta(*all_decisions(run), beta),
    }


def calibrations(run, bins):
    scores, correct, _ = all_decisions(run)
    precision, mean_score = calibration_curve(correct, scores, n_bins=bins)
    # calibration_curve leaves empty bins out; its bins are open below and closed above.
    places = np.clip(np.ceil(scores * bins) - 1, 0, bins - 1).astype(int)
    counts = np.bincount(places, minlength=bins)
    gaps = np.abs(precision - mean_score)
    return {
        'bins': bins,
        'counts': counts.tolist(),
        'precision': precision.tolist(),
        'meanScore': mean_score.tolist(),
        'ece': float((gaps * counts[counts > 0]).sum() / counts.sum()),
        'mce': float(gaps.max()),
    }


def confusions(gt, results, iou, score):
    """supervision knows no crowds: the data set has none."""
    place = {category['id']: k for k, category in enumerate(gt['categories'])}

    def corners(one):
        x, y, w, h = one['bbox']
        return [x, y, x + w, y + h, place[one['category_id']]]

    images = [image['id'] for image in gt['images']]
    targets = [[corners(one) for one in gt['annotations'] if one['image_id'] == image] for image in images]
    found = [
        [
            corners(one) + [one['score']]
            for one in sorted(results, key=lambda one: -one['score'])
            if one['image_id'] == image
        ]
        for image in images
    ]
    matrix = ConfusionMatrix.from_tensors(
        predictions=[np.array(one, float).reshape(-1, 6) for one in found],
        targets=[np.array(one, float).reshape(-1, 5) for one in targets],
        classes=[category['name'] for category in gt['categories']],
        conf_threshold=score,
        iou_threshold=iou,
    ).matrix
    return {'iouThr': iou, 'minScore': score, 'matrix': matrix.tolist()}


def tide(gt, results, mode):
    coco, _ = loaded(gt, results)
    truth, found = Data('truth', max_dets=100), Data('found')
    for image in gt['images']:
        truth.add_image(image['id'], image['file_name'])
    for category in gt['categories']:
        truth.add_class(category['id'], category['name'])
    for ann in coco.dataset['annotations']:
        add = truth.add_ignore_region if ann['iscrowd'] else truth.add_ground_truth
        add(ann['image_id'], ann['category_id'], ann['bbox'], coco.annToRLE(ann))
    for one in results:
        found.add_detection(
            one['image_id'], one['category_id'], one['score'], one.get('bbox'), one.get('segmentation')
        )
    run = TIDE(mode=mode)
    out = run.evaluate(truth, found, name='run')
    main, special = run.get_main_errors()['run'], run.get_special_errors()['run']
    counts = {kind.short_name: count for kind, count in out.count_errors().items()}
    return {'mode': mode, 'ap': out.ap, 'main': main, 'special': special, 'counts': counts}


def repeated(gt, results, weights):
    """The data set with each image, its objects and its detections so many times."""
    out = {**gt, 'images': [], 'annotations': []}
    found = []
    for image, weight in zip(gt['images'], weights):
        for _ in range(weight):
            new = len(out['images']) + 1
            out['images'].append({**image, 'id': new})
            for ann in gt['annotations']:
                if ann['image_id'] == image['id']:
                    out['annotations'].append({**ann, 'image_id': new, 'id': len(out['annotations']) + 1})
            found += [{**one, 'image_id': new} for one in results if one['image_id'] == image['id']]
    return out, found


def resamples(gt, results, count):
    rng = np.random.default_rng(4)
    images = len(gt['images'])
    out = []
    for _ in range(count):
        weights = rng.multinomial(images, [1 / images] * images).tolist()
        out.append({'weights': weights, 'stats': evaluated(*repeated(gt, results, weights)).stats[:3].tolist()})
    values = rng.uniform(size=57)
    shares = [0.025, 0.5, 0.9, 0.975]
    quantiles = {'values': values.tolist(), 'shares': shares, 'quantiles': np.quantile(values, shares).tolist()}
    return {'resamples': out, 'quantiles': quantiles}


def lvis_drawn():
    """What LVIS adds: federated lists, frequencies, ignored objects; and more detections in an image than count."""
    gt, results = drawn(21, images=16, categories=6)
    rng = np.random.default_rng(22)
    ids = [category['id'] for category in gt['categories']]
    for k, category in enumerate(gt['categories']):
        category['frequency'] = 'rcfcff'[k]
    for image in gt['images']:
        image['neg_category_ids'] = [one for one in ids if rng.uniform() < 0.3]
        image['not_exhaustive_category_ids'] = [one for one in ids if rng.uniform() < 0.2]
    for ann in gt['annotations']:
        if rng.uniform() < 0.1:
            ann['ignore'] = 1
        del ann['keypoints'], ann['num_keypoints']
    first = gt['images'][0]
    for _ in range(330):
        box = [float(v) for v in rng.uniform(0, first['width'] / 2, 4)]
        category = ids[int(rng.integers(len(ids)))]
        score = round(float(rng.uniform()), 1)
        results['bbox'].append({'image_id': first['id'], 'category_id': category, 'bbox': box, 'score': score})
    return gt, {'bbox': results['bbox'], 'segm': compressed(results['segm'])}


def lvis():
    gt, results = lvis_drawn()
    out = {'annotations': gt, 'results': results, 'runs': []}
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'gt.json')
        with open(path, 'w') as file:
            json.dump(gt, file)
        for iou_type in ('bbox', 'segm'):
            truth = LVIS(path)
            run = LVISEval(truth, LVISResults(truth, copy.deepcopy(results[iou_type])), iou_type)
            run.run()
            table = io.StringIO()
            with contextlib.redirect_stdout(table):
                run.print_results()
            out['runs'].append(
                {
                    'iouType': iou_type,
                    'precision': packed(run.eval['precision'].ravel()),
                    'recall': packed(run.eval['recall'].ravel()),
                    'names': list(run.results),
                    'stats': packed(np.array(list(run.results.values()))),
                    'table': table.getvalue(),
                }
            )
    return out


def analyses():
    gt, results = drawn(31, images=24, categories=5, tie_decimals=9)
    # Without flood, since every repeated image must have its own hundred detections; ties would depend on the order.
    plain, plain_results = drawn(32, images=24, categories=5, crowd=0, tie_decimals=9, flood=False)
    masks = compressed(results['segm'])
    # Tied scores, and scores at the edges of bins.
    tied, tied_results = drawn(33, images=24, categories=4, tie_decimals=2)
    run = evaluated(tied, tied_results['bbox'])
    for dataset in (gt, plain, tied):
        for ann in dataset['annotations']:
            del ann['keypoints'], ann['num_keypoints']
    return {
        'crowded': {'annotations': gt, 'bbox': results['bbox'], 'segm': masks},
        'plain': {'annotations': plain, 'bbox': plain_results['bbox']},
        'tied': {'annotations': tied, 'bbox': tied_results['bbox']},
        'tide': [tide(gt, results['bbox'], 'bbox'), tide(gt, masks, 'mask'), tide(tied, tied_results['bbox'], 'bbox')],
        'confusion': [confusions(plain, plain_results['bbox'], *pair) for pair in ((0.5, 0.25), (0.3, 0), (0.7, 0.6))],
        'fBeta': [f_betas(run, beta) for beta in (1, 0.5, 2)],
        'calibration': [calibrations(run, bins) for bins in (10, 7)],
        **resamples(plain, plain_results['bbox'], 6),
    }


if __name__ == '__main__':
    save('analyses.json.gz', analyses())
    save('lvis.json.gz', lvis())
