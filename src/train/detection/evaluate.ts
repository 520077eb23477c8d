/** Measures a detector by the average precision of COCO. */
import { type Box, type CategoryStats, COCOeval, type Detection } from '#coco-ts'
import { decodeImage } from '../../../datasets/detection/decode.js'
import type { DetectionImage, DetectionSet } from '../../../datasets/detection/detection-set.js'
import { DatasetError } from '../../../datasets/files/errors.js'
import { boxInImage, type Fit } from '../../shared/detector-input.js'
import { UserError } from '../../shared/errors.js'
import { type DetectorInput, type FittedPixels, fitPixels } from './fit-pixels.js'
import type { Detector, RawDetections } from './step-types.js'

export interface DetectorEvaluation {
  /** Twelve numbers in the order of `STATS`; −1 where a number is not defined. */
  stats: number[]
  /** The same for each category. */
  perCategory: CategoryStats[]
  /** The lines of COCO's table of them. */
  table: string[]
  /** In COCO's results format: boxes [x, y, width, height] in pixels of the image, rounded to hundredths. */
  detections: Detection[]
  /** Number of images measured. */
  images: number
  /** Images that could not be decoded and are left out: their number, and a sentence for each of the first few. */
  unreadable: { count: number; first: string[] }
  /** Mean time of the detector, without decoding and resizing. */
  millisecondsPerImage: number
  /** The evaluation that the metrics come from, for curves and matches. */
  coco: COCOeval
}

export interface EvaluationOptions {
  signal?: AbortSignal
  /** Called with the number of finished images after each image. */
  onImage?: (done: number) => void
  /** Detections with a lower score are dropped. Default 0: none are. */
  minScore?: number
}

const NAMED = 3

/**
 * Runs the detector on a set and compares its detections with the annotations of the images that could be read. The
 * classes of the detector are the categories of the set. Returns null when `signal` is aborted meanwhile.
 *
 * @throws UserError when there are no images, or none of them can be decoded
 */
export async function evaluateDetector(
  detector: Detector,
  input: DetectorInput,
  set: DetectionSet,
  { signal, onImage, minScore = 0 }: EvaluationOptions = {},
): Promise<DetectorEvaluation | null> {
  if (set.images.length === 0) throw new UserError(`${set.name} has no images to measure on`)
  const detections: Detection[] = []
  const measured: DetectionImage[] = []
  const unreadable = { count: 0, first: [] as string[] }
  let milliseconds = 0
  const detect = async (image: DetectionImage, { pixels, fit }: FittedPixels): Promise<void> => {
    const start = performance.now()
    const found = await detector.run(pixels)
    milliseconds += performance.now() - start
    measured.push(image)
    for (const one of resultsOf(found, fit, image, set.categories))
      if (one.score >= minScore) detections.push(one)
  }

  let current = await decoded(set, 0, input)
  for (const [index, image] of set.images.entries()) {
    if (signal?.aborted) return null
    // The next image is decoded while the detector works on this one.
    const following = index + 1 < set.images.length ? decoded(set, index + 1, input) : undefined
    if (current instanceof DatasetError) {
      unreadable.count += 1
      if (unreadable.first.length < NAMED) unreadable.first.push(current.message)
    }
    const detected = current instanceof DatasetError ? undefined : detect(image, current)
    const [decodedNext] = await Promise.all([following, detected])
    if (decodedNext !== undefined) current = decodedNext
    onImage?.(index + 1)
  }
  if (signal?.aborted) return null
  if (measured.length === 0)
    throw new UserError(
      `None of the ${unreadable.count} images of ${set.name} can be used. ${unreadable.first[0]}`,
    )
  return {
    ...(await compare(set, measured, detections)),
    detections,
    images: measured.length,
    unreadable,
    millisecondsPerImage: milliseconds / measured.length,
  }
}

/** An image as input of the detector; the error when it cannot be decoded. */
async function decoded(
  set: DetectionSet,
  index: number,
  input: DetectorInput,
): Promise<FittedPixels | DatasetError> {
  try {
    return await fitPixels(await decodeImage(set, index), input)
  } catch (error) {
    if (error instanceof DatasetError) return error
    throw error
  }
}

/** The detections of one image in COCO's results format, without those that lie beside the image. */
function resultsOf(
  { boxes, scores, classes }: RawDetections,
  fit: Fit,
  { id, width, height }: DetectionImage,
  categories: DetectionSet['categories'],
): Detection[] {
  const results: Detection[] = []
  for (const [row, score] of scores.entries()) {
    const bbox = boxInImage(boxes.subarray(4 * row, 4 * row + 4), fit, width, height).map(hundredths) as Box
    if (!(score > 0 && bbox[2] > 0 && bbox[3] > 0)) continue
    // A float32 has seven digits.
    const digits = Number(score.toPrecision(7))
    results.push({ image_id: id, category_id: categories[classes[row]].id, bbox, score: digits })
  }
  return results
}

/** Rounds as COCO's annotations are rounded, so that the file has exactly the boxes that were measured. */
const hundredths = (pixels: number): number => Math.round(pixels * 100) / 100

async function compare(
  set: DetectionSet,
  images: readonly DetectionImage[],
  detections: readonly Detection[],
): Promise<Pick<DetectorEvaluation, 'stats' | 'perCategory' | 'table' | 'coco'>> {
  const coco = new COCOeval(set.coco, await set.coco.loadRes(detections, { name: 'the detections' }), 'bbox')
  coco.params.imgIds = images.map(({ id }) => id)
  coco.params.catIds = set.categories.map(({ id }) => id)
  coco.evaluate()
  coco.accumulate()
  const table: string[] = []
  const stats = coco.summarize((line) => table.push(line))
  return { stats, table, perCategory: coco.perCategory(), coco }
}
