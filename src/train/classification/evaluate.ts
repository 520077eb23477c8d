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

export interface LabelledBatch {
  /** uint8, count × S × S × 3, RGB. Its buffer is given away. */
  pixels: Uint8Array
  /** Class index of each image. */
  labels: Int32Array
  count: number
}

/** Labelled images that come batch by batch, so that they need not fit into memory. */
export interface ImageBatches {
  classes: string[]
  batches(batchSize: number): AsyncIterable<LabelledBatch>
}

/** How far an evaluation is: how many images are measured, and their fractions in [0, 1]. */
export type Measured = Pick<Evaluation, 'images' | 'top1' | 'top5'>

export interface EvaluateOptions {
  batchSize: number
  /** Whether the probabilities of each image and of its mirror image are averaged. */
  flip?: boolean
  signal?: AbortSignal
  onBatch?: (done: number, soFar: Measured) => void
}

/**
 * Runs the predictor over images in batches; probabilities are not kept. Returns null when `signal` is aborted meanwhile.
 * `onBatch` is called after each batch with the number of measured images and the metrics so far.
 *
 * @throws what the batches throw, for example for an image that cannot be decoded
 */
export async function evaluate(
  predictor: Predictor,
  images: ImageSet | ImageBatches,
  { batchSize, flip = false, signal, onBatch }: EvaluateOptions,
): Promise<Evaluation | null> {
  const classes = images.classes.length
  const tally = new Tally(classes)
  const batches = 'pixels' in images ? batchesOf(images, batchSize) : images.batches(batchSize)
  for await (const { pixels, labels, count } of batches) {
    if (signal?.aborted) return null
    const probabilities = await (flip ? averaged(predictor, pixels, count) : predictor.run(pixels, count))
    tally.add(probabilities.subarray(0, count * classes), labels)
    const soFar = tally.measured()
    onBatch?.(soFar.images, soFar)
  }
  return signal?.aborted ? null : tally.evaluation()
}

/** Probabilities averaged over images and their mirror images. */
async function averaged(predictor: Predictor, pixels: Uint8Array, count: number): Promise<Float32Array> {
  // The buffer of the images is given away.
  const flipped = mirrored(pixels, count)
  const plain = await predictor.run(pixels, count)
  const other = await predictor.run(flipped, count)
  return plain.map((probability, i) => (probability + other[i]) / 2)
}

/** Square images with their columns in reverse. `pixels`: count × S × S × 3. */
function mirrored(pixels: Uint8Array, count: number): Uint8Array {
  const side = Math.sqrt(pixels.length / count / 3)
  const result = new Uint8Array(pixels.length)
  for (let row = 0; row < count * side; row++)
    for (let x = 0; x < side; x++) {
      const from = (row * side + x) * 3
      result.set(pixels.subarray(from, from + 3), (row * side + side - 1 - x) * 3)
    }
  return result
}

function* batchesOf(set: ImageSet, batchSize: number): Generator<LabelledBatch> {
  const bytes = set.height * set.width * 3
  for (let first = 0; first < set.count; first += batchSize) {
    const end = Math.min(first + batchSize, set.count)
    yield {
      pixels: set.pixels.slice(first * bytes, end * bytes),
      labels: set.labels.subarray(first, end),
      count: end - first,
    }
  }
}

/** Metrics of class probabilities (count × classes) and true labels, one for each image. */
export function measure(probabilities: Float32Array, labels: Int32Array, classes: number): Evaluation {
  const tally = new Tally(classes)
  tally.add(probabilities, labels)
  return tally.evaluation()
}

/** Counts images as they are measured. */
class Tally {
  readonly #confusion: number[][]
  #images = 0
  #top1 = 0
  #top5 = 0
  #loss = 0

  constructor(private readonly classes: number) {
    this.#confusion = Array.from({ length: classes }, () => new Array<number>(classes).fill(0))
  }

  /** `probabilities`: images × classes. */
  add(probabilities: Float32Array, labels: Int32Array): void {
    const { classes } = this
    for (const [image, label] of labels.entries()) {
      const row = probabilities.subarray(image * classes, (image + 1) * classes)
      // The rank of the true class: how many classes come before it. NaN is never correct.
      let rank = Number.isNaN(row[label]) ? Number.POSITIVE_INFINITY : 0
      let best = 0
      for (let other = 0; other < classes; other++) {
        if (row[other] > row[best]) best = other
        if (row[other] > row[label] || (row[other] === row[label] && other < label)) rank++
      }
      if (rank < 1) this.#top1++
      if (rank < 5) this.#top5++
      this.#confusion[label][best]++
      this.#loss -= Math.log(Math.max(row[label], SMALLEST_PROBABILITY))
    }
    this.#images += labels.length
  }

  measured(): Measured {
    const images = this.#images
    return { images, top1: this.#top1 / images, top5: this.#top5 / images }
  }

  evaluation(): Evaluation {
    return { ...this.measured(), loss: this.#loss / this.#images, confusion: this.#confusion }
  }
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
