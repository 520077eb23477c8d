/** Weights by parameter path, as the first weights of a network. */
import { UserError } from '../../shared/errors.js'
import type { Tensor } from '../../shared/safetensors.js'
import type { ParameterSlot, StateVectors } from './step-types.js'

export interface NamedWeights {
  /** The file or folder that they come from, for messages. */
  source: string
  /** By parameter path. */
  tensors: ReadonlyMap<string, Tensor>
}

/** Whether every number is finite. */
export function isFiniteVector(vector: Float32Array): boolean {
  // A sum is finite only if every summand is, because float32 values cannot overflow a double. It is fast to compute.
  return Number.isFinite(vector.reduce((sum, value) => sum + value, 0))
}

/** A tensor's numbers, where it has the shape of the parameter. */
export const numbersFor = ({ shape }: ParameterSlot, tensor: Tensor | undefined): Float32Array | undefined =>
  tensor?.data instanceof Float32Array && String(tensor.shape) === String(shape) ? tensor.data : undefined

const AVERAGES: Record<string, string> = {
  parameters: 'averageParameters',
  statistics: 'averageStatistics',
}

/**
 * Sets a parameter in a state, and its average where there is one.
 *
 * @throws UserError that names `source` when a number is not finite
 */
export function setParameter(
  state: StateVectors,
  { path, vector, offset }: ParameterSlot,
  numbers: Float32Array,
  source: string,
): void {
  if (!isFiniteVector(numbers))
    throw new UserError(`${source} cannot be used: "${path}" has numbers that are not finite`)
  state[vector].set(numbers, offset)
  state[AVERAGES[vector]]?.set(numbers, offset)
}
