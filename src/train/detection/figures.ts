/** What a detector's run reports. */
import type { CurveKind } from '../run/curve.js'
import type { DetectorEvaluation } from './evaluate.js'

export interface DetectorFigures {
  training: {
    loss: number
    /** First stage: object or background, and where. */
    objectness: number
    anchorBoxes: number
    /** Second stage: which class, and where. */
    classification: number
    boxes: number
  }
  /** COCO's twelve numbers in their order, fractions; −1 where nothing is defined. */
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

/** The figures of an evaluation that a row of metrics holds. */
export function figuresOf({
  stats,
  images,
}: Pick<DetectorEvaluation, 'stats' | 'images'>): DetectorFigures['evaluation'] {
  const [ap, ap50, ap75, apSmall, apMedium, apLarge, ar1, ar10, ar100, arSmall, arMedium, arLarge] = stats
  return { ap, ap50, ap75, apSmall, apMedium, apLarge, ar1, ar10, ar100, arSmall, arMedium, arLarge, images }
}

/** COCO's −1 means that nothing is defined: there is nothing to draw. */
const percent = (share: number): number => (share < 0 ? Number.NaN : 100 * share)

/** The loss on the training images, AP50 and AP on the validation images. */
export const detectorCurves: CurveKind<DetectorFigures> = {
  panels: [
    { title: 'Loss', curves: [{ of: 'training', style: 'thin', value: (row) => row.loss }] },
    {
      title: 'AP50 and AP, %',
      curves: [
        { of: 'evaluation', style: 'strong', value: (row) => percent(row.ap50) },
        { of: 'evaluation', style: 'dashed', value: (row) => percent(row.ap) },
      ],
    },
  ],
  hint: 'left: training images, augmented; right: validation images, strong: AP50, dashed: AP',
}
