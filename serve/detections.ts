/** From a detector's rows to detections in an image. */
import { boxInImage, fitImage } from '../src/shared/detector-input.js'
import { boxesSvg, categoryColour } from '../src/shared/draw-boxes.js'
import type { DetectorCard } from '../src/shared/model-card.js'
import type { Outputs } from './outputs.js'

export interface Detection {
  /** Id of the category in the data set. */
  categoryId: number
  label: string
  /** 0 to 1. */
  score: number
  /** [x, y, width, height] in pixels of the image after its EXIF rotation. */
  bbox: [number, number, number, number]
}

export interface DetectionOptions {
  /** Detections with a lower score are left out. */
  minScore: number
  /** At most so many, those with the highest scores. */
  max: number
}

/** Low enough to show what a weakly trained detector finds, high enough for a readable drawing. */
export const detectionDefaults: DetectionOptions = { minScore: 0.3, max: 100 }

/**
 * The detections, the highest score first; equal ones in the detector's order. Boxes are clipped to the image and
 * rounded to hundredths of a pixel; empty ones are left out.
 */
export function readDetections(
  { boxes, scores, classes }: Outputs['detection'],
  { inputSize, resize, labels, categoryIds }: DetectorCard,
  { width, height }: { width: number; height: number },
  { minScore, max }: DetectionOptions,
): Detection[] {
  const fit = fitImage(resize, inputSize, width, height)
  // Rounded as the model's scores are: 0.7 in 32 bits is a little less than 0.7.
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

/** Rounds corners, not lengths, so that no box ends outside its image. */
function roundBox([x, y, width, height]: Detection['bbox']): Detection['bbox'] {
  const round = (value: number) => Math.round(value * 100) / 100
  const [left, top] = [round(x), round(y)]
  return [left, top, round(round(x + width) - left), round(round(y + height) - top)]
}

/** The detections as an SVG to draw over their image. @param size Of the image after its EXIF rotation, in pixels. */
export function detectionsSvg(
  size: { width: number; height: number },
  detections: readonly Detection[],
): string {
  return boxesSvg(
    size,
    detections.map((found) => ({ ...found, colour: categoryColour(found.categoryId) })),
  )
}
