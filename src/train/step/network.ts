/** The network that a run's config describes. */
import { type NasnetConfig, nasnet } from '../../../models/index.js'
import type { ModelConfig, RunConfig } from '../settings/config.js'

export type Network = ReturnType<typeof nasnet>

/** Throws a `ModelError` when the config makes no network. */
export function networkOf(config: RunConfig, classes: number): Network {
  return nasnet(networkConfig(config, classes))
}

export function networkConfig(config: RunConfig, classes: number): NasnetConfig {
  return {
    ...backboneConfig(config.model),
    classes,
    auxiliaryHead: config.auxiliaryWeight > 0,
    dropPathKeep: config.dropPathKeep,
  }
}

/** The network without what belongs to a classifier's training: one class, no auxiliary head, no drop path. */
export function backboneConfig(model: ModelConfig): NasnetConfig {
  const { genotype, stem, skipReduction, cells, filters, stemFilters, dropout, batchNorm } = model
  return {
    genotype,
    stem,
    stemFilters,
    cells,
    filters,
    classes: 1,
    skipReduction,
    auxiliaryHead: false,
    dropout,
    dropPathKeep: 1,
    batchNorm,
  }
}
