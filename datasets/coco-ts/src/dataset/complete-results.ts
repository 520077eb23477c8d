import type { Annotation, Box } from '../common/types.js'
import type { ResultForm } from '../entries/results-form.js'
import { type Runs, runsArea, runsBox } from '../masks/rle.js'

/** Gives results what evaluation asks of annotations: id, area, iscrowd, box. */
export function completeResults(
  results: Annotation[],
  form: ResultForm | undefined,
  runsOf: (ann: Annotation) => Runs,
): void {
  results.forEach((ann, i) => {
    ann.id = i + 1
    if (form === 'caption') return
    ann.iscrowd = 0
    if (form === 'bbox') {
      ann.area = ann.bbox[2] * ann.bbox[3]
    } else if (form === 'segmentation') {
      const runs = runsOf(ann)
      ann.area = runsArea(runs.counts)
      if (!(ann.bbox?.length > 0)) {
        const box: Box = [0, 0, 0, 0]
        runsBox(runs, box)
        ann.bbox = box
      }
    } else {
      ann.bbox = keypointsBox(ann.keypoints!)
      ann.area = ann.bbox[2] * ann.bbox[3]
    }
  })
}

/** The box around keypoints [x, y, v, …], whether visible or not. */
function keypointsBox(keypoints: ArrayLike<number>): Box {
  let left = Number.POSITIVE_INFINITY
  let top = Number.POSITIVE_INFINITY
  let right = Number.NEGATIVE_INFINITY
  let bottom = Number.NEGATIVE_INFINITY
  for (let i = 0; i + 2 < keypoints.length; i += 3) {
    left = Math.min(left, keypoints[i])
    right = Math.max(right, keypoints[i])
    top = Math.min(top, keypoints[i + 1])
    bottom = Math.max(bottom, keypoints[i + 1])
  }
  return [left, top, right - left, bottom - top]
}
