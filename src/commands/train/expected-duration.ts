/** How long training will take, in a line before it begins. */
import { formatDuration, grouped } from '../../shared/text.js'
import type { LengthConfig } from '../../train/settings/config.js'
import { totalSteps } from '../../train/step/schedules.js'

export interface TimedTraining {
  length: LengthConfig
  /** Images to train on. */
  images: number
  imagesPerStep: number
  secondsPerStep: number
  /** Steps and seconds that were trained before. */
  before: { step: number; seconds: number }
}

/**
 * For example `Expected duration: 4 min at 98.2 images/s, without evaluations`; with a time budget how many steps are
 * expected within it.
 */
export function expectedDuration({
  length,
  images,
  imagesPerStep,
  secondsPerStep,
  before,
}: TimedTraining): string {
  const perSecond = imagesPerStep / secondsPerStep
  const speed = `${perSecond >= 100 ? Math.round(perSecond) : perSecond.toPrecision(3)} images/s`
  const stepsPerEpoch = Math.max(1, Math.floor(images / imagesPerStep))
  if (length.kind === 'seconds') {
    const steps = Math.max(1, Math.round((length.amount - before.seconds) / secondsPerStep))
    const epochs = Number((steps / stepsPerEpoch).toPrecision(2))
    return `Expected: about ${grouped(steps)} steps (${grouped(epochs)} epochs) at ${speed}`
  }
  const left = Math.max(0, totalSteps(length, stepsPerEpoch) - before.step)
  return `Expected duration: ${formatDuration(left * secondsPerStep)} at ${speed}, without evaluations`
}
