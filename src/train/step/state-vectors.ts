/** The state vectors of a run, and their initial values. */
import type { TrainingConfig } from '../settings/config.js'
import type { ParameterSpecs } from './contexts.js'
import { type FlatLayout, initialVectors } from './flat-state.js'
import { optimizerOf } from './optimizers.js'
import type { StateVectors } from './step-types.js'

/** State vectors by name: size, and the initial value of all numbers; null: the initial values of the network. */
export type VectorSpecs = Record<string, { size: number; start: number | null }>

/** The state vectors of a run: parameters, statistics, the slots of the optimiser, and averages where it keeps them. */
export function stateVectors(
  config: Pick<TrainingConfig, 'optimizer' | 'averageDecay'>,
  { parameters, statistics }: FlatLayout,
): VectorSpecs {
  const vectors: VectorSpecs = {
    parameters: { size: parameters, start: null },
    statistics: { size: statistics, start: null },
  }
  for (const [name, start] of Object.entries(optimizerOf(config.optimizer).slots))
    vectors[name] = { size: parameters, start }
  if (config.averageDecay !== null) {
    vectors.averageParameters = { size: parameters, start: null }
    vectors.averageStatistics = { size: statistics, start: null }
  }
  return vectors
}

/** The initial state of a run with this seed. */
export function firstState(
  vectors: VectorSpecs,
  layout: FlatLayout,
  specs: ParameterSpecs,
  seed: number,
): StateVectors {
  const { parameters, statistics } = initialVectors(layout, specs.parameters, seed)
  const own: Record<string, Float32Array> = {
    parameters,
    statistics,
    averageParameters: parameters,
    averageStatistics: statistics,
  }
  const state: StateVectors = {}
  for (const [name, { size, start }] of Object.entries(vectors))
    state[name] = start === null ? own[name].slice() : new Float32Array(size).fill(start)
  return state
}
