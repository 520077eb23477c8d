/** From a detector's rows to what was found in an image. */
import { boxInImage, fitImage } from '../src/detector-input.js'
import { boxesSvg, categoryColour } from '../src/draw-boxes.js'
import type { DetectorCard } from '../src/model-card.js'
import { type DecodeLimits, renderImage } from './image.js'
import type { Outputs } from './outputs.js'

export interface Detection {
  /** The data set's own id of the category. */
  categoryId: number
  label: string
  /** 0 to 1. */
  score: number
  /** [x, y, width, height] in pixels of the image as people see it (after its EXIF rotation). */
  bbox: [number, number, number, number]
}

export interface DetectionOptions {
  /** Detections with a lower score are left out. */
  minScore: number
  /** No more than these, the best. */
  max: number
}

/** Low enough to show what a weakly trained detector finds, high enough that a picture of it can be read. */
export const detectionDefaults: DetectionOptions = { minScore: 0.3, max: 100 }

/**
 * What a detector found, the highest score first; equal ones in the detector's order. Boxes are cut at the
 * image's edges and rounded to hundredths of a pixel; those that have nothing inside are left out.
 */
export function readDetections(
  { boxes, scores, classes }: Outputs['detection'],
  { inputSize, resize, labels, categoryIds }: DetectorCard,
  { width, height }: { width: number; height: number },
  { minScore, max }: DetectionOptions,
): Detection[] {
  const fit = fitImage(resize, inputSize, width, height)
  // As the model's scores are stored: 0.7 in 32 bits is a little less than 0.7.
  const least = Math.fround(minScore)
  return [...scores.keys()]
    .filter((row) => scores[row] > 0 && scores[row] >= least)
    .sort((a, b) => scores[b] - scores[a])
    .map((row) => ({
      categoryId: categoryIds[classes[row]],
      label: labels[classes[row]],
      score: Number(scores[row].toPrecision(7)),
      bbox: roundBox(boxInImage(boxes.subarray(4 * row, 4 * row + 4), fit, width, height)),
    }))
    .filter(({ bbox }) => bbox[2] > 0 && bbox[3] > 0)
    .slice(0, max)
}

/** Corners are rounded, not lengths, so that no box ends outside its image. */
function roundBox([x, y, width, height]: Detection['bbox']): Detection['bbox'] {
  const round = (value: number) => Math.round(value * 100) / 100
  const [left, top] = [round(x), round(y)]
  return [left, top, round(round(x + width) - left), round(round(y + height) - top)]
}

/**
 * The picture in its own size with the detections drawn on it, as PNG.
 *
 * @param bytes The picture's file.
 * @param size Its size as people see it.
 * @throws Problem as `decodeImage` does
 */
export function drawDetections(
  bytes: Uint8Array,
  size: { width: number; height: number },
  detections: readonly Detection[],
  limits: DecodeLimits,
): Promise<Buffer> {
  const boxes = detections.map((found) => ({ ...found, colour: categoryColour(found.categoryId) }))
  const input = Buffer.from(boxesSvg(size, boxes))
  return renderImage(bytes, limits, (image) =>
    image
      .composite([{ input, limitInputPixels: false }])
      .removeAlpha()
      .png(),
  )
}
