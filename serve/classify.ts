/** `POST /classify`: one image in, its most probable classes out. */
import * as z from 'zod/mini'
import type { ImageTask, Timings } from './answer-image.js'
import { count } from './query.js'

export interface Prediction {
  /** Index into the model's labels, from 0. */
  classId: number
  label: string
  /** Probability, 0 to 1. */
  score: number
}

export interface Classification {
  model: string
  /** Size of the image that was sent, in pixels, after its EXIF rotation. */
  width: number
  height: number
  /** The most probable first. */
  predictions: Prediction[]
  milliseconds: Timings
}

const defaultTop = 5

/** `POST /classify?top=K&model=NAME` */
export const classify: ImageTask<'classification', { top: number }> = {
  task: 'classification',
  parameters: ['top'],
  options: ({ labels }) => z.object({ top: count(labels.length, Math.min(defaultTop, labels.length)) }),
  resize: ({ preprocessing = 'cover' }) => preprocessing,
  answer({ card, image, outputs, timings }, { top }): Classification {
    return {
      model: card.name,
      width: image.width,
      height: image.height,
      predictions: topPredictions(outputs.probabilities, card.labels, top),
      milliseconds: timings(),
    }
  },
}

/** The `top` most probable classes, the highest first; equal ones in the order of the labels. */
export function topPredictions(probabilities: Float32Array, labels: string[], top: number): Prediction[] {
  return Array.from(probabilities, (score, classId) => ({ classId, label: labels[classId], score }))
    .sort((a, b) => b.score - a.score)
    .slice(0, top)
    .map((prediction) => ({ ...prediction, score: Number(prediction.score.toPrecision(7)) }))
}
