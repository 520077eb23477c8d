/** What became of each detection and each object of an evaluation, image by image. */
import type { Annotation } from '#coco-ts'
import type { DetectionSet } from '../../../datasets/detection/detection-set.js'
import type { DetectorEvaluation } from './evaluate.js'

/** `ignored`: neither right nor wrong, because it is, or lies in, a crowd. */
export interface MatchedDetection {
  found: Annotation & { score: number }
  outcome: 'right' | 'wrong' | 'ignored'
}

export interface MatchedObject {
  object: Annotation
  ignored: boolean
  /** Score of the detection that found it; 0: none did. */
  score: number
}

export interface ImageMatches {
  /** Place in the set. */
  index: number
  /** The best score first. */
  detections: MatchedDetection[]
  objects: MatchedObject[]
}

/** Detections that count from one score up, and what they come to. */
export interface Threshold {
  score: number
  precision: number
  recall: number
  /** Their harmonic mean: 2 · right / (2 · right + wrong + missed). */
  f1: number
}

/** One image's metrics at a threshold. */
export interface ImageCounts {
  right: number
  wrong: number
  missed: number
  f1: number
}

/** Matches as COCO makes them at IoU 0.5, of the images that were measured, in the set's order. */
export function matchImages({ coco }: DetectorEvaluation, set: DetectionSet): ImageMatches[] {
  const measured = new Set(coco.params.imgIds)
  return set.images.flatMap(({ id }, index) => (measured.has(id) ? [matchImage(coco, id, index)] : []))
}

function matchImage(coco: DetectorEvaluation['coco'], id: number, index: number): ImageMatches {
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
        outcome: dtIgnore[0][d] ? 'ignored' : dtMatches[0][d] > 0 ? 'right' : 'wrong',
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

/** The score from which up detections have the highest F1 over all images and categories together. */
export function bestThreshold(images: readonly ImageMatches[]): Threshold {
  const counted = images
    .flatMap(({ detections }) => detections)
    .filter(({ outcome }) => outcome !== 'ignored')
    .sort((a, b) => b.found.score - a.found.score)
  const objects = images.flatMap((image) => image.objects).filter(({ ignored }) => !ignored).length
  let best: Threshold = { score: 1, precision: 0, recall: 0, f1: 0 }
  let right = 0
  for (const [i, { found, outcome }] of counted.entries()) {
    if (outcome === 'right') right += 1
    // Equal scores stand or fall together.
    if (counted[i + 1]?.found.score === found.score) continue
    const f1 = (2 * right) / (i + 1 + objects)
    if (f1 > best.f1) best = { score: found.score, precision: right / (i + 1), recall: right / objects, f1 }
  }
  return best
}

/** An image's metrics where detections count from `score` up; `f1` is 1 where there is nothing to find or to blame. */
export function countsAt({ detections, objects }: ImageMatches, score: number): ImageCounts {
  const counted = detections.filter(({ found }) => found.score >= score)
  const right = counted.filter(({ outcome }) => outcome === 'right').length
  const wrong = counted.filter(({ outcome }) => outcome === 'wrong').length
  const missed = objects.filter((one) => !one.ignored && one.score < score).length
  const all = 2 * right + wrong + missed
  return { right, wrong, missed, f1: all === 0 ? 1 : (2 * right) / all }
}

/**
 * Images to look at: all from the worst to the best, of more than `count` the worst and the best halves. Sorted by
 * F1 at `score`; of equals the one with more errors is worse, and the one with more right answers better. Images
 * with neither objects nor detections show nothing and are left out.
 */
export function chooseImages(
  images: readonly ImageMatches[],
  score: number,
  count: number,
): { worst: ImageMatches[]; best: ImageMatches[] } {
  const ranked = images
    .map((image) => ({ image, metrics: countsAt(image, score) }))
    .filter(({ metrics: { right, wrong, missed } }) => right + wrong + missed > 0)
    .sort((a, b) => a.metrics.f1 - b.metrics.f1 || surplus(a.metrics) - surplus(b.metrics))
    .map(({ image }) => image)
  const shown = Math.min(count, ranked.length)
  const half = Math.ceil(shown / 2)
  return { worst: ranked.slice(0, half), best: ranked.slice(ranked.length - shown + half).reverse() }
}

const surplus = ({ right, wrong, missed }: ImageCounts): number => right - wrong - missed
