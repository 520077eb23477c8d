/** The match of each detection and of each object of an evaluation, image by image. */
import { type Annotation, COCOeval } from '#coco-ts'
import type { DetectionSet } from '../../../../datasets/detection/detection-set.js'
import type { DetectorEvaluation } from '../evaluate.js'

/** `ignored`: not counted, because it is a crowd or lies in one. */
export interface MatchedDetection {
  found: Annotation & { score: number }
  outcome: 'truePositive' | 'falsePositive' | 'ignored'
}

export interface MatchedObject {
  object: Annotation
  ignored: boolean
  /** Score of the detection that is matched to it; 0: none is. */
  score: number
}

export interface ImageMatches {
  /** Place in the set. */
  index: number
  /** The best score first. */
  detections: MatchedDetection[]
  objects: MatchedObject[]
}

/** The counts of one image at a threshold. */
export interface ImageCounts {
  truePositive: number
  falsePositive: number
  falseNegative: number
  f1: number
}

/** Matches as COCO makes them at IoU 0.5, of the images that were measured, in the set's order. */
export function matchImages({ coco }: DetectorEvaluation, set: DetectionSet): ImageMatches[] {
  const { cocoGt, cocoDt, params } = coco
  const measured = new Set(params.imgIds)
  // Of the ten thresholds of an evaluation, the page shows one.
  const single = new COCOeval(cocoGt, cocoDt, params.iouType)
  Object.assign(single.params, params, { iouThrs: [0.5] })
  return set.images.flatMap(({ id }, index) => (measured.has(id) ? [matchImage(single, id, index)] : []))
}

function matchImage(coco: COCOeval, id: number, index: number): ImageMatches {
  const { cocoGt, cocoDt, params } = coco
  const present = [...(cocoGt.imgToAnns.get(id) ?? []), ...(cocoDt.imgToAnns.get(id) ?? [])]
  const matches: ImageMatches = { index, detections: [], objects: [] }
  for (const category of new Set(present.map((annotation) => annotation.category_id))) {
    const most = Math.max(...params.maxDets)
    const result = coco.evaluateImg(id, category, params.areaRng[0], most)
    if (result === null) continue
    const { dtIds, dtMatches, dtIgnore, dtScores, gtIds, gtMatches, gtIgnore } = result
    const scoreOf = new Map(dtIds.map((dt, d) => [dt, dtScores[d]]))
    for (const [d, dt] of dtIds.entries())
      matches.detections.push({
        found: cocoDt.anns.get(dt) as MatchedDetection['found'],
        outcome: dtIgnore[0][d] ? 'ignored' : dtMatches[0][d] > 0 ? 'truePositive' : 'falsePositive',
      })
    for (const [g, gt] of gtIds.entries())
      matches.objects.push({
        object: cocoGt.anns.get(gt)!,
        ignored: gtIgnore[g],
        score: scoreOf.get(gtMatches[0][g]) ?? 0,
      })
  }
  matches.detections.sort((a, b) => b.found.score - a.found.score)
  return matches
}

/** The counts of an image for detections of at least `score`; `f1` is 1 where there are neither objects nor detections. */
export function countsAt({ detections, objects }: ImageMatches, score: number): ImageCounts {
  const counted = detections.filter(({ found }) => found.score >= score)
  const truePositive = counted.filter(({ outcome }) => outcome === 'truePositive').length
  const falsePositive = counted.filter(({ outcome }) => outcome === 'falsePositive').length
  const falseNegative = objects.filter((one) => !one.ignored && one.score < score).length
  const all = 2 * truePositive + falsePositive + falseNegative
  const f1 = all === 0 ? 1 : (2 * truePositive) / all
  return { truePositive, falsePositive, falseNegative, f1 }
}

/**
 * Images to show, at most `count`: half of them the worst, half the best. They are sorted by F1 at `score`; of equals
 * the one with more errors is worse, and the one with more true positives better. Images with neither objects nor
 * detections are left out.
 */
export function chooseImages(
  images: readonly ImageMatches[],
  score: number,
  count: number,
): { worst: ImageMatches[]; best: ImageMatches[] } {
  const ranked = images
    .map((image) => ({ image, counts: countsAt(image, score) }))
    .filter(
      ({ counts: { truePositive, falsePositive, falseNegative } }) =>
        truePositive + falsePositive + falseNegative > 0,
    )
    .sort((a, b) => a.counts.f1 - b.counts.f1 || surplus(a.counts) - surplus(b.counts))
    .map(({ image }) => image)
  const shown = Math.min(count, ranked.length)
  const half = Math.ceil(shown / 2)
  return { worst: ranked.slice(0, half), best: ranked.slice(ranked.length - shown + half).reverse() }
}

const surplus = ({ truePositive, falsePositive, falseNegative }: ImageCounts): number =>
  truePositive - falsePositive - falseNegative
