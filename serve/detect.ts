/** `POST /detect`: one image in, the objects in it out, as a list or drawn. */
import * as z from 'zod/mini'
import type { ImageTask, Timings } from './answer-image.js'
import {
  type Detection,
  type DetectionOptions,
  detectionDefaults,
  detectionsSvg,
  readDetections,
} from './detections.js'
import { count, flag, share } from './query.js'

export interface DetectionAnswer {
  model: string
  /** Size of the image that was sent, in pixels, after its EXIF rotation. */
  width: number
  height: number
  /** The highest score first. */
  detections: Detection[]
  milliseconds: Timings
}

/** More than any detector returns. */
const maxDetections = 10_000

/** `POST /detect?minScore=S&max=K&draw=1&model=NAME` */
export const detect: ImageTask<'detection', DetectionOptions & { draw: boolean }> = {
  task: 'detection',
  parameters: ['minScore', 'max', 'draw'],
  options: () =>
    z.object({
      minScore: share(detectionDefaults.minScore),
      max: count(maxDetections, detectionDefaults.max),
      draw: flag(),
    }),
  resize: (card) => card.resize,
  answer({ card, image, outputs, timings }, options) {
    const detections = readDetections(outputs, card, image, options)
    if (options.draw) return { overlay: detectionsSvg(image, detections) }
    const { width, height } = image
    return { model: card.name, width, height, detections, milliseconds: timings() } satisfies DetectionAnswer
  },
}
