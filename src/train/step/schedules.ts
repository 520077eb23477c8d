/** Learning rate and progress as pure functions of the position in a run. */
import type { LearningRateConfig, LengthConfig } from '../settings/config.js'

/** The position of a run before a step. */
export interface Place {
  /** Steps done. */
  step: number
  stepsPerEpoch: number
  /** Seconds trained so far. Only a time budget uses them. */
  seconds: number
}

/** Steps of the whole run; `Infinity` under a time budget. */
export function totalSteps(length: LengthConfig, stepsPerEpoch: number): number {
  if (length.kind === 'seconds') return Number.POSITIVE_INFINITY
  return length.kind === 'steps' ? length.amount : length.amount * stepsPerEpoch
}

/** Fraction of the run that is finished, in [0, 1]. */
export function progressAt(length: LengthConfig, place: Place): number {
  const done =
    length.kind === 'seconds'
      ? place.seconds / length.amount
      : place.step / totalSteps(length, place.stepsPerEpoch)
  return Math.min(1, done)
}

/** Falls from 1 at `x` = 0 to 0 at `x` = 1 as half a cosine. */
const halfCosine = (x: number): number => (1 + Math.cos(Math.PI * x)) / 2

/** One-cycle starts at this fraction of its peak (Smith and Topin, "Super-Convergence", 2018). */
const ONE_CYCLE_START = 1 / 25

/** The learning rate of the step that follows `place`. */
export function learningRateAt(schedule: LearningRateConfig, length: LengthConfig, place: Place): number {
  const progress = progressAt(length, place)
  if (schedule.kind === 'one-cycle') {
    if (progress >= schedule.rise)
      return schedule.peak * halfCosine((progress - schedule.rise) / (1 - schedule.rise))
    const low = schedule.peak * ONE_CYCLE_START
    return low + (schedule.peak - low) * (1 - halfCosine(progress / schedule.rise))
  }
  const epoch = place.step / place.stepsPerEpoch
  // The first step counts as step 1, so that its learning rate is not 0.
  const warmth =
    schedule.warmup === 0 ? 1 : Math.min(1, (place.step + 1) / (schedule.warmup * place.stepsPerEpoch))
  const rate = schedule.peak * warmth
  switch (schedule.kind) {
    case 'constant':
      return rate
    case 'cosine':
      return rate * halfCosine(progress)
    case 'exponential':
      return rate * schedule.rate ** Math.floor(epoch / schedule.everyEpochs)
    case 'step':
      return rate * schedule.rate ** schedule.at.filter((at) => place.step >= at).length
  }
}
