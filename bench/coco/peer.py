"""The Python side of the benchmark, one measurement a process: peer.py PACKAGE evaluate|masks|load FILES…"""

import contextlib
import importlib.metadata
import io
import json
import resource
import sys
import time

package, what, *args = sys.argv[1:]
if package == 'faster-coco-eval':
    from faster_coco_eval import COCO
    from faster_coco_eval import COCOeval_faster as COCOeval
    from faster_coco_eval import mask
elif package == 'hotcoco':
    from hotcoco import COCO, COCOeval
elif package == 'ultrafast-pycocotools':
    from ultrafast_pycocotools import COCO, COCOeval
elif package == 'vernier':
    from vernier.instance import Bbox, CocoDataset, Evaluator, Segm
else:
    from pycocotools import mask
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval


def evaluate_vernier(annotations, detections, iou_type):
    """Its own interface, from the files' bytes, which its documentation recommends."""
    start = time.perf_counter()
    with open(annotations, 'rb') as file:
        gt = CocoDataset.from_json(file.read())
    with open(detections, 'rb') as file:
        dt = file.read()
    loaded = time.perf_counter()
    cpu = time.process_time()
    summary = Evaluator(iou=Bbox() if iou_type == 'bbox' else Segm(), parity_mode='strict').evaluate(gt, dt)
    return measured(start, loaded, cpu, summary.stats)


def evaluate(annotations, detections, iou_type):
    start = time.perf_counter()
    gt = COCO(annotations)
    dt = gt.loadRes(detections)
    loaded = time.perf_counter()
    cpu = time.process_time()
    run = COCOeval(gt, dt, iou_type)
    run.evaluate()
    run.accumulate()
    run.summarize()
    return measured(start, loaded, cpu, run.stats)


def measured(start, loaded, cpu, stats):
    return {
        'load': loaded - start,
        'evaluate': time.perf_counter() - loaded,
        'evaluateCpu': time.process_time() - cpu,
        'totalCpu': time.process_time(),
        'stats': [float(v) for v in stats][:12],
    }


def load(annotations):
    start = time.perf_counter()
    coco = COCO(annotations)
    return {'load': time.perf_counter() - start, 'loadCpu': time.process_time(), 'annotations': len(coco.anns)}


def timed(count, work):
    """Processor time of one call in microseconds: the best of several passes over all masks."""
    best = float('inf')
    for _ in range(7):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best * 1e6 / count


def masks(path):
    import numpy as np

    with open(path) as file:
        given = json.load(file)
    (height, width), polygons = given['size'], given['polygons']
    rles = mask.frPyObjects(polygons, height, width)
    few = rles[:200]
    bitmaps = mask.decode(few)
    groups = [rles[10 * i : 10 * i + 10] for i in range(len(rles) // 10)]
    # pycocotools 2.0.11 cannot measure more than 255 masks in one call.
    hundreds = [rles[100 * i : 100 * i + 100] for i in range(len(rles) // 100)]
    crowd = [0] * 10
    singles = [np.asfortranarray(bitmaps[:, :, i]) for i in range(bitmaps.shape[2])]
    microseconds = {
        'frPyObjects': timed(len(rles), lambda: mask.frPyObjects(polygons, height, width)),
        'encode': timed(len(few), lambda: [mask.encode(one) for one in singles]),
        'decode': timed(len(few), lambda: [mask.decode(one) for one in few]),
        'area': timed(len(rles), lambda: [mask.area(some) for some in hundreds]),
        'toBbox': timed(len(rles), lambda: [mask.toBbox(some) for some in hundreds]),
        'merge 10': timed(len(groups), lambda: [mask.merge(group) for group in groups]),
        'intersect 10': timed(len(groups), lambda: [mask.merge(group, 1) for group in groups]),
        'iou 10 × 10': timed(len(groups), lambda: [mask.iou(group, group, crowd) for group in groups]),
    }
    return {'microseconds': microseconds, 'pixels': int(sum(np.sum(mask.area(some)) for some in hundreds))}


if __name__ == '__main__':
    with contextlib.redirect_stdout(io.StringIO()):
        evaluator = evaluate_vernier if package == 'vernier' else evaluate
        result = {'evaluate': evaluator, 'load': load, 'masks': masks}[what](*args)
    result['peakBytes'] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    result['version'] = importlib.metadata.version(package)
    print(json.dumps(result))
