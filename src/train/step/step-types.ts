/** A training step and its state, as the host sees them. */

/** Named flat float32 vectors: parameters, statistics, optimiser slots, averages. */
export type StateVectors = Record<string, Float32Array>

/** The position of a parameter in its vector. */
export interface ParameterSlot {
  path: string
  shape: number[]
  vector: string
  offset: number
  size: number
}

/** Everything that a step depends on besides its batch and the state. */
export interface StepNumbers {
  learningRate: number
  /** Fraction of training done, in [0, 1]. */
  progress: number
  /** Steps done before this one. */
  step: number
}

/** The state of a compiled step, which lies in a worker thread. */
export interface StepState {
  /** A copy of the state after the last step. */
  state(): Promise<StateVectors>
  load(state: StateVectors): Promise<void>
  close(): Promise<void>
}
