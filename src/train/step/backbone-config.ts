/** The backbone that the model of a config describes. */
import type { NasnetConfig } from '../../../models/index.js'
import type { ModelConfig } from '../settings/config.js'

/** The network without the parts that only the training of a classifier has: one class, no auxiliary head, no drop path. */
export function backboneConfig(model: ModelConfig): NasnetConfig {
  const { genotype, stem, skipReduction, cells, filters, stemFilters, dropout, batchNorm, stridedPools } =
    model
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
    stridedPools,
  }
}
