/** Precision against recall at IoU 0.5, as figures and as a picture. */
import type { COCOeval } from '#coco-ts'

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

const PLOT = { width: 460, height: 340, left: 52, right: 16, top: 16, bottom: 46 }
const TICKS = [0, 0.2, 0.4, 0.6, 0.8, 1]

/** The curves as SVG: the mean strong, each category's thin and pale. */
export function drawPrecision({ recalls, categories, mean }: PrecisionCurves): string {
  const inner = { width: PLOT.width - PLOT.left - PLOT.right, height: PLOT.height - PLOT.top - PLOT.bottom }
  const x = (recall: number): string => (PLOT.left + recall * inner.width).toFixed(1)
  const y = (precision: number): string => (PLOT.top + (1 - precision) * inner.height).toFixed(1)
  const line = (precisions: readonly number[]): string =>
    `M${recalls.map((recall, i) => `${x(recall)} ${y(precisions[i])}`).join('L')}`
  const grid = TICKS.flatMap((tick) => [
    `<path d="M${x(0)} ${y(tick)}H${x(1)}M${x(tick)} ${y(0)}V${y(1)}" stroke="currentColor" stroke-opacity="0.15"/>`,
    `<text x="${x(0)}" y="${y(tick)}" dx="-8" dy="4" text-anchor="end">${tick}</text>`,
    `<text x="${x(tick)}" y="${y(0)}" dy="18" text-anchor="middle">${tick}</text>`,
  ])
  const pale = categories.map(
    ({ precisions }) =>
      `<path d="${line(precisions)}" fill="none" stroke="#0072b2" stroke-opacity="0.3" stroke-width="1"/>`,
  )
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${PLOT.width}" height="${PLOT.height}" viewBox="0 0 ${PLOT.width} ${PLOT.height}" font-family="system-ui, Helvetica, Arial, sans-serif" font-size="12" fill="currentColor">`,
    '<title>Precision against recall</title>',
    ...grid,
    `<text x="${x(0.5)}" y="${PLOT.height - 6}" text-anchor="middle">Recall</text>`,
    `<text transform="translate(14 ${y(0.5)}) rotate(-90)" text-anchor="middle">Precision at IoU 0.5</text>`,
    ...pale,
    ...(categories.length === 0
      ? []
      : [`<path d="${line(mean)}" fill="none" stroke="#d55e00" stroke-width="2.5"/>`]),
    '</svg>',
  ].join('\n')
}
