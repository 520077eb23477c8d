/** The contract between the host (loop, evaluation, commands) and a detector's compiled graphs. */
import type { ParameterSlot, StepNumbers, StepState } from '../step/step-types.js'

/** A few images of one size with their boxes, padded to the same number G of boxes each. */
export interface DetectionBatch {
  /** N × H × W × 3, RGB, scaled to [−1, 1]. The step may transfer the buffer. */
  images: Float32Array
  /** N × G × 4, [x1, y1, x2, y2] in pixels of these images. */
  boxes: Float32Array
  /** N × G: class from 0, or `NO_OBJECT`, or `CROWD`. */
  labels: Int32Array
  /** [H, W]. */
  imageSize: [number, number]
}

/** `step`: sampling draws from (seed, step). */
export interface DetectorStepInputs extends StepNumbers {
  /** One optimiser step's batches; their gradients are averaged. */
  batches: DetectionBatch[]
}

/** Means over the batches, with the weights of the losses and without weight decay. */
export interface DetectorStepResult {
  /** The four below together. */
  loss: number
  /** First stage: object or background, and where. */
  objectness: number
  anchorBoxes: number
  /** Second stage: which class, and where. */
  classification: number
  boxes: number
  /** Global norm of the averaged gradient before clipping. */
  gradientNorm: number
}

/** A compiled training step together with its state. */
export interface DetectorStep extends StepState {
  layout: ParameterSlot[]
  /** Images in each of the batches. */
  batchSize: number
  imageSize: [number, number]
  /** G. */
  maxObjects: number
  /** Trained numbers and statistics together. */
  parameters: number
  run(inputs: DetectorStepInputs): Promise<DetectorStepResult>
}

/** The detections of one image: D rows, the highest score first. Rows with score 0 are padding. */
export interface RawDetections {
  /** D × 4, [x1, y1, x2, y2] in pixels of the input. */
  boxes: Float32Array
  scores: Float32Array
  /** Index into the labels. */
  classes: Int32Array
}

/** An exported detector in a worker thread. */
export interface Detector {
  /** uint8, H × W × 3, RGB, fitted to the input as `fitImage` says. The buffer is transferred. */
  run(image: Uint8Array): Promise<RawDetections>
  close(): Promise<void>
}
