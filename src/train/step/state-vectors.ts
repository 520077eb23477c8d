/** What a run's state is made of, and what it starts from. */
import type { TrainingConfig } from '../settings/config.js'
import type { Asked } from './contexts.js'
import { type FlatLayout, initialVectors } from './flat-state.js'
import { optimizerOf } from './optimizers.js'
import type { StateVectors } from './step-types.js'

/** State vectors by name, with the value that each starts with; null: the network's own initial values. */
export type VectorSpecs = Record<string, { size: number; start: number | null }>

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

/** The state that a run starts from. */
export function firstState(
  vectors: VectorSpecs,
  layout: FlatLayout,
  asked: Asked,
  seed: number,
): StateVectors {
  const { parameters, statistics } = initialVectors(layout, asked.specs, seed)
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
