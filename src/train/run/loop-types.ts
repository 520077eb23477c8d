/** What the training loop is given and what it returns. */
import type { TrainingConfig } from '../settings/config.js'
import type { ParameterSlot, StateVectors, StepNumbers, StepState } from '../step/step-types.js'
import type { CheckRow, EvaluationRow, ImageSize, Metrics, StepMetrics } from './metrics.js'
import type { Keep } from './run-checkpoints.js'

/** What the loop reads of a config. */
export type LoopConfig = Pick<TrainingConfig, 'length' | 'learningRate' | 'evaluateEvery' | 'checkpoint'> & {
  /** With `best`, the weights with the highest score are kept beside the checkpoints; missing: the last ones count. */
  keep?: Keep
  /** Evaluations in a row without a higher score after which training ends; null or missing: it does not. */
  earlyStopping?: number | null
  /** Minutes between quick looks at a few validation images, or more; null or missing: there are none. */
  checkMinutes?: number | null
}

/** What is trained: everything in which the tasks differ. `Batch` is the input of one step. */
export interface Task<M extends Metrics, Batch extends { imageSize: ImageSize }> {
  stepsPerEpoch: number
  imagesPerStep: number
  /**
   * The batch of step `step`, from 0: a function of the config, of that number, and of the fraction `progress` of the run
   * that is done then, which follows from the number unless the run has a time budget.
   */
  prepare(step: number, progress: number): Batch | Promise<Batch>
  /** Compiles the network for images of this size, with the initial weights of the run. */
  build(imageSize: Batch['imageSize']): Promise<TaskStep<M, Batch>>
  /** Changes the state before the first step; that state is the first checkpoint then. Null: the state stays. */
  begin: ((layout: ParameterSlot[], state: StateVectors) => StateVectors) | null
  /** Measures on the validation images; gives null when the signal is aborted. Null: there are no such images. */
  evaluate: ((state: StateVectors, signal?: AbortSignal) => Promise<M['evaluation'] | null>) | null
  /**
   * Measures on a few of the validation images, `images` in number, for people alone: nothing that is trained or kept
   * depends on it. Null or missing: it does not.
   */
  check?: { images: number; evaluate: NonNullable<Task<M, Batch>['evaluate']> } | null
  /** How good an evaluation is, higher is better; missing: no evaluation is called the best. */
  score?: (metrics: M['evaluation']) => number
  /** Whether the time that steps wait for their images is reported: where they are read while training goes on. */
  reportsWaiting?: boolean
  /** Releases what the task holds besides its steps. */
  close(): Promise<void>
}

/** A compiled network together with its state. */
export interface TaskStep<M extends Metrics, Batch extends { imageSize: ImageSize }> extends StepState {
  layout: ParameterSlot[]
  imageSize: Batch['imageSize']
  run(batch: Batch, numbers: StepNumbers): Promise<StepMetrics<M>>
}

/** The report of a step. */
export interface StepReport<M extends Metrics> extends StepMetrics<M> {
  /** @deprecated The name of `metrics` in version 0.1. */
  figures: M['training']
  /** Steps done, this one included. */
  step: number
  /** Infinity under a time budget. */
  totalSteps: number
  stepsPerEpoch: number
  imagesPerStep: number
  learningRate: number
  /** Fraction of the run done, in [0, 1]. */
  progress: number
  /** Seconds trained, over all sessions. */
  seconds: number
  /** Fraction of the step's time in which it waited for images; missing where that is not reported. */
  waiting?: number
}

export interface TrainOptions<M extends Metrics> {
  /** When it is aborted, the current step ends, a checkpoint is written, and training returns. */
  signal?: AbortSignal
  onStep?: (report: StepReport<M>) => void
  onEvaluation?: (row: EvaluationRow<M>) => void
  onCheck?: (row: CheckRow<M>) => void
  onCheckpoint?: (step: number) => void
  /** Called when training ends early, after so many evaluations without a higher score. */
  onEarlyStop?: (evaluations: number) => void
}

/** The state of a run when training returns. */
export interface TrainResult {
  /** False when the signal stopped the run before its end. */
  finished: boolean
  step: number
  seconds: number
  layout: ParameterSlot[]
  state: StateVectors
}
