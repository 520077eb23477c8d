/** The contract between the host (loop, evaluation, commands) and a classifier's compiled graphs. */
import type { PairedLabels } from '../images/mix.js'
import type { ParameterSlot, StepNumbers, StepState } from '../step/step-types.js'

/** `step`: noise for dropout and drop path is drawn from (seed, step); `progress`: ScheduledDropPath follows it. */
export interface StepInputs extends StepNumbers {
  /** N × S × S × 3, RGB, scaled to [−1, 1]. The step may transfer the buffer, so the caller must not use it again. */
  images: Float32Array
  /** Class index of each image. */
  labels: Int32Array
  /** Where images are mixed or classes weighted; a config either has them in every step, or in none. */
  pairs?: PairedLabels
  /** With accumulated batches: which one of the step this is, from 0; the last one changes the weights. */
  part?: number
}

export interface StepResult {
  /** Mean cross-entropy over the batch, without weight decay and auxiliary loss. */
  loss: number
  /** How many images of the batch were classified correctly. */
  correct: number
  /** Global norm of the gradient before clipping; with accumulated batches of their mean, after the last one. */
  gradientNorm: number
}

/** A compiled training step together with its state. */
export interface TrainStep extends StepState {
  layout: ParameterSlot[]
  batchSize: number
  imageSize: number
  /** Trained numbers and moving statistics together. */
  parameters: number
  run(inputs: StepInputs): Promise<StepResult>
}

/** A trained classifier that can be run. */
export interface Predictor {
  /** uint8 images, count × S × S × 3 → class probabilities, count × classes. */
  run(images: Uint8Array, count: number): Promise<Float32Array>
  close(): Promise<void>
}
