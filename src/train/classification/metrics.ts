/** What the run of a classifier reports, as text and as curves. */
import { percent } from '../../shared/text.js'
import type { CurveKind } from '../run/curve.js'
import type { MetricFormatter } from '../run/progress.js'

export interface ClassifierMetrics {
  training: {
    /** Mean cross-entropy in nats; weight decay and the auxiliary loss are not in it. */
    loss: number
    /** Fraction of the augmented training images that are classified correctly. */
    accuracy: number
  }
  /** On the validation images: mean cross-entropy in nats, fractions in [0, 1], and how many images they are. */
  evaluation: { loss: number; top1: number; top5: number; images: number }
}

export const classifierFormatter: MetricFormatter<ClassifierMetrics> = {
  training: ({ loss, accuracy }) => [`loss ${loss.toFixed(3)}`, `accuracy ${percent(accuracy)}`],
  evaluation: ({ top1, loss, images }) =>
    `accuracy ${percent(top1)} and loss ${loss.toFixed(3)} on ${images} validation images`,
}

/** Loss and accuracy: thin lines on the training images, strong ones on the validation images. */
export const classifierCurves: CurveKind<ClassifierMetrics> = {
  panels: [
    {
      title: 'Loss',
      curves: [
        { of: 'training', style: 'thin', value: (row) => row.loss },
        { of: 'evaluation', style: 'strong', value: (row) => row.loss },
      ],
    },
    {
      title: 'Accuracy, %',
      curves: [
        { of: 'training', style: 'thin', value: (row) => 100 * row.accuracy },
        { of: 'evaluation', style: 'strong', value: (row) => 100 * row.top1 },
      ],
    },
  ],
  hint: 'thin: training images, augmented; strong: validation images',
}
