/** The state of a training step, as the host holds it between steps. */

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
