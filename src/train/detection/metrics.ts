/** What the run of a detector reports, as text and as curves. */
import type { CurveKind } from '../run/curve.js'
import type { MetricFormatter } from '../run/progress.js'
import type { DetectorEvaluation } from './evaluate.js'

export interface DetectorMetrics {
  training: {
    loss: number
    /** First stage: object or background, and where. */
    objectness: number
    anchorBoxes: number
    /** Second stage: which class, and where. */
    classification: number
    boxes: number
  }
  /** COCO's twelve numbers in their order, fractions; −1 where a number is not defined. */
  evaluation: {
    ap: number
    ap50: number
    ap75: number
    apSmall: number
    apMedium: number
    apLarge: number
    ar1: number
    ar10: number
    ar100: number
    arSmall: number
    arMedium: number
    arLarge: number
    images: number
  }
}

/** The metrics of an evaluation, for a row of metrics. */
export function metricsOf({
  stats,
  images,
}: Pick<DetectorEvaluation, 'stats' | 'images'>): DetectorMetrics['evaluation'] {
  const [ap, ap50, ap75, apSmall, apMedium, apLarge, ar1, ar10, ar100, arSmall, arMedium, arLarge] = stats
  return { ap, ap50, ap75, apSmall, apMedium, apLarge, ar1, ar10, ar100, arSmall, arMedium, arLarge, images }
}

export const detectorFormatter: MetricFormatter<DetectorMetrics> = {
  training: ({ loss, objectness, anchorBoxes, classification, boxes }) => [
    `loss ${loss.toFixed(3)}`,
    `proposals ${objectness.toFixed(2)} + ${anchorBoxes.toFixed(2)}`,
    `regions ${classification.toFixed(2)} + ${boxes.toFixed(2)}`,
  ],
  evaluation: ({ ap, ap50, images }) =>
    `AP ${share(ap)} and AP50 ${share(ap50)} on ${images} validation images`,
}

/** As COCO prints them, but with a dash instead of −1, which means that a number is not defined. */
const share = (value: number): string => (value < 0 ? '–' : value.toFixed(3))

/** NaN for COCO's −1, which means that a number is not defined: such a point is not drawn. */
const inPercent = (share: number): number => (share < 0 ? Number.NaN : 100 * share)

/** The loss on the training images, AP50 and AP on the validation images. */
export const detectorCurves: CurveKind<DetectorMetrics> = {
  panels: [
    { title: 'Loss', curves: [{ of: 'training', style: 'thin', value: (row) => row.loss }] },
    {
      title: 'AP50 and AP, %',
      curves: [
        { of: 'evaluation', style: 'strong', value: (row) => inPercent(row.ap50) },
        { of: 'evaluation', style: 'dashed', value: (row) => inPercent(row.ap) },
        { of: 'check', style: 'thin', value: (row) => inPercent(row.ap50) },
      ],
    },
  ],
  hint: 'left: training images, augmented; right: validation images, strong: AP50, dashed: AP, pale: AP50 of quick checks',
}
