/** The network that a run's config describes. */
import { type NasnetConfig, nasnet } from '../../models/index.js'
import type { RunConfig } from './config.js'

export type Network = ReturnType<typeof nasnet>

/** Throws a `ModelError` when the config makes no network. */
export function networkOf(config: RunConfig, classes: number): Network {
  return nasnet(networkConfig(config, classes))
}

export function networkConfig(config: RunConfig, classes: number): NasnetConfig {
  const { genotype, stem, skipReduction, cells, filters, stemFilters, dropout, batchNorm } = config.model
  return {
    genotype,
    stem,
    stemFilters,
    cells,
    filters,
    classes,
    skipReduction,
    auxiliaryHead: config.auxiliaryWeight > 0,
    dropout,
    dropPathKeep: config.dropPathKeep,
    batchNorm,
  }
}
