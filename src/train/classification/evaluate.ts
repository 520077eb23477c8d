/** Measures a classifier on labelled images. */
import type { ImageSet } from '../../../datasets/classification/image-set.js'
import type { Predictor } from './step-types.js'

export interface Evaluation {
  images: number
  /** Fractions in [0, 1]. Of equal probabilities the lower class index counts as the higher ranked. */
  top1: number
  top5: number
  /** Mean cross-entropy in nats. */
  loss: number
  /** Rows: true class, columns: predicted class; counts. */
  confusion: number[][]
}

/** Metrics of one class, from its row and column of the confusion matrix; null where nothing is counted. */
export interface ClassMetrics {
  label: string
  images: number
  recall: number | null
  precision: number | null
}

/** Lower probabilities are raised to this, so that the loss stays finite. */
const SMALLEST_PROBABILITY = 1e-12

/**
 * Runs the predictor over a set in batches. Returns null when `signal` is aborted meanwhile.
 * `onBatch` is called with the number of finished images after each batch.
 */
export async function evaluate(
  predictor: Predictor,
  set: ImageSet,
  {
    batchSize,
    signal,
    onBatch,
  }: { batchSize: number; signal?: AbortSignal; onBatch?: (done: number) => void },
): Promise<Evaluation | null> {
  const classes = set.classes.length
  const bytes = set.height * set.width * 3
  const probabilities = new Float32Array(set.count * classes)
  for (let first = 0; first < set.count; first += batchSize) {
    if (signal?.aborted) return null
    const count = Math.min(batchSize, set.count - first)
    const images = set.pixels.slice(first * bytes, (first + count) * bytes)
    probabilities.set((await predictor.run(images, count)).subarray(0, count * classes), first * classes)
    onBatch?.(first + count)
  }
  return measure(probabilities, set.labels, classes)
}

/** Metrics of class probabilities (count × classes) and true labels, one for each image. */
export function measure(probabilities: Float32Array, labels: Int32Array, classes: number): Evaluation {
  const confusion = Array.from({ length: classes }, () => new Array<number>(classes).fill(0))
  const correct = { top1: 0, top5: 0 }
  let loss = 0
  for (const [image, label] of labels.entries()) {
    const row = probabilities.subarray(image * classes, (image + 1) * classes)
    // The rank of the true class: how many classes come before it. NaN is never correct.
    let rank = Number.isNaN(row[label]) ? Number.POSITIVE_INFINITY : 0
    let best = 0
    for (let other = 0; other < classes; other++) {
      if (row[other] > row[best]) best = other
      if (row[other] > row[label] || (row[other] === row[label] && other < label)) rank++
    }
    if (rank < 1) correct.top1++
    if (rank < 5) correct.top5++
    confusion[label][best]++
    loss -= Math.log(Math.max(row[label], SMALLEST_PROBABILITY))
  }
  const images = labels.length
  return { images, top1: correct.top1 / images, top5: correct.top5 / images, loss: loss / images, confusion }
}

/** Recall and precision of each class. `confusion`: see {@link Evaluation}. */
export function classMetrics(confusion: number[][], labels: string[]): ClassMetrics[] {
  return labels.map((label, index) => {
    const images = confusion[index].reduce((sum, count) => sum + count, 0)
    const predicted = confusion.reduce((sum, row) => sum + row[index], 0)
    const hits = confusion[index][index]
    return {
      label,
      images,
      recall: images === 0 ? null : hits / images,
      precision: predicted === 0 ? null : hits / predicted,
    }
  })
}
