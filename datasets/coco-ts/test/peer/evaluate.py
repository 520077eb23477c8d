"""What pycocotools makes of annotations and results.

As a script: evaluate.py ANNOTATIONS RESULTS TYPE OUT [PARAMS]. OUT gets precision, recall, scores and stats as
little-endian doubles, OUT.json their shape and the printed table. PARAMS is a JSON object of parameters to set.
"""

import contextlib
import copy
import io
import json
import sys

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval


def evaluate(gt, results, iou_type, params=None):
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = copy.deepcopy(gt)
        coco.createIndex()
        run = COCOeval(coco, coco.loadRes(copy.deepcopy(results)), iou_type)
        for key, value in (params or {}).items():
            setattr(run.params, key, value)
        run.evaluate()
        run.accumulate()
    table = io.StringIO()
    with contextlib.redirect_stdout(table):
        run.summarize()
    return {
        'counts': run.eval['counts'],
        'precision': run.eval['precision'].ravel(),
        'recall': run.eval['recall'].ravel(),
        'scores': run.eval['scores'].ravel(),
        'stats': np.asarray(run.stats),
        'table': table.getvalue(),
    }


if __name__ == '__main__':
    with open(sys.argv[1]) as file:
        annotations = json.load(file)
    with open(sys.argv[2]) as file:
        detections = json.load(file)
    out = evaluate(annotations, detections, sys.argv[3], json.loads(sys.argv[5]) if len(sys.argv) > 5 else None)
    parts = [out[key] for key in ('precision', 'recall', 'scores', 'stats')]
    np.concatenate(parts).astype('<f8').tofile(sys.argv[4])
    with open(sys.argv[4] + '.json', 'w') as file:
        json.dump({'counts': out['counts'], 'table': out['table']}, file)
