/** What training is about to do, in a line before it begins. */
import { formatDuration, grouped, plural } from '../../shared/text.js'
import type { LengthConfig } from '../../train/settings/config.js'
import { totalSteps } from '../../train/step/schedules.js'

export interface StartLine {
  /** [height, width] in pixels. */
  inputSize: readonly [number, number]
  parameters: number
  /** Images to train on, and to measure on while training. */
  images: number
  measured: number
  imagesPerStep: number
  length: LengthConfig
}

/** For example `Input 320 × 320 pixels, 1,234,567 parameters; 80 images to train on, 20 to measure on; 400 steps of 4 images (20 epochs)`. */
export function startLine(start: StartLine): string {
  const { inputSize, parameters, images, measured } = start
  return [
    `Input ${inputSize.join(' × ')} pixels, ${grouped(parameters)} parameters`,
    `${grouped(images)} ${images === 1 ? 'image' : 'images'} to train on, ${measured === 0 ? 'none' : grouped(measured)} to measure on`,
    lengthOf(start),
  ].join('; ')
}

function lengthOf({ length, images, imagesPerStep }: StartLine): string {
  const ofImages = `of ${plural(imagesPerStep, 'image')}`
  if (length.kind === 'seconds') return `${formatDuration(length.amount)} of steps ${ofImages}`
  const perEpoch = Math.max(1, Math.floor(images / imagesPerStep))
  const steps = totalSteps(length, perEpoch)
  const epochs = Number((steps / perEpoch).toPrecision(3))
  return `${grouped(steps)} ${steps === 1 ? 'step' : 'steps'} ${ofImages} (${grouped(epochs)} ${epochs === 1 ? 'epoch' : 'epochs'})`
}
