/** Precision against recall at IoU 0.5, as numbers and as a picture. */
import type { COCOeval } from '#coco-ts'
import { drawChart } from '../../../shared/charts/chart.js'
import { sample } from '../../../shared/charts/legend.js'
import { line } from '../../../shared/charts/marks.js'

export interface PrecisionCurves {
  /** From 0 to 1. */
  recalls: number[]
  /** Precision at each recall, made monotone as COCO does; only categories with objects. */
  categories: { name: string; precisions: number[] }[]
  /** Mean over those categories; its own mean is AP50. */
  mean: number[]
}

/** Reads the curves at IoU 0.5 from an evaluation that was accumulated. */
export function precisionCurves(coco: COCOeval): PrecisionCurves {
  const { precision, counts, params } = coco.eval!
  const [, R, K, A, M] = counts
  const t = params.iouThrs.indexOf(0.5)
  const at = (r: number, k: number): number => precision[((t * R + r) * K + k) * A * M + M - 1]
  const places = Array.from({ length: K }, (_, k) => k).filter((k) => at(0, k) >= 0)
  const categories = places.map((k) => ({
    name: coco.cocoGt.cats.get(params.catIds[k])!.name,
    precisions: params.recThrs.map((_, r) => at(r, k)),
  }))
  const mean = params.recThrs.map(
    (_, r) => categories.reduce((sum, { precisions }) => sum + precisions[r], 0) / categories.length,
  )
  return { recalls: [...params.recThrs], categories, mean }
}

const [CATEGORY, MEAN] = [0, 1]

/** The curves as SVG: the mean strong, each category's thin and pale. */
export function drawPrecision({ recalls, categories, mean }: PrecisionCurves): string {
  const pointsOf = (precisions: readonly number[]) => recalls.map((x, i) => ({ x, y: precisions[i] }))
  const marks = categories.map(({ name, precisions }) =>
    line(pointsOf(precisions), { series: CATEGORY, style: 'pale', title: name }),
  )
  // Without a category the mean is not defined.
  if (categories.length > 0) marks.push(line(pointsOf(mean), { series: MEAN, style: 'strong' }))
  const legend = [
    sample('mean over the categories', 'strong', MEAN),
    sample('each category', 'pale', CATEGORY),
  ]
  return drawChart(
    [
      {
        title: 'Precision at IoU 0.5',
        x: { domain: [0, 1], label: 'recall' },
        y: { domain: [0, 1] },
        marks,
      },
    ],
    { title: 'Precision against recall at IoU 0.5', legend },
  )
}
