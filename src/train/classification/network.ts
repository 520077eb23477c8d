/** The classifier that a run's config describes. */
import { type NasnetConfig, nasnet } from '../../../models/index.js'
import { backboneConfig } from '../step/backbone-config.js'
import { frozenParts, withFrozen } from '../step/freeze.js'
import type { RunConfig } from './config.js'

export type Network = ReturnType<typeof nasnet>

/** The network of a config, a part of it frozen where the config says so. Throws a `ModelError` when it cannot be built. */
export function networkOf(config: RunConfig, classes: number): Network {
  const settings = networkConfig(config, classes)
  const network = nasnet(settings)
  const frozen = frozenParts(settings, config.freeze)
  return (ctx, images) => network(withFrozen(ctx, frozen), images)
}

/** The settings of that network, as `models/` takes them. */
export function networkConfig(config: RunConfig, classes: number): NasnetConfig {
  return {
    ...backboneConfig(config.model),
    classes,
    auxiliaryHead: config.auxiliaryWeight > 0,
    dropPathKeep: config.dropPathKeep,
  }
}
