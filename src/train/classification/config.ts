/** A classifier's run: everything needed to repeat it, as `config.json` in the run's folder holds it. */
import { UserError } from '../../shared/errors.js'
import { choice, integer, list, number, record } from '../../shared/schema.js'
import {
  checkLength,
  type ImageConfig,
  type ModelConfig,
  ofImages,
  type ResolutionStage,
  shared,
  type TrainingConfig,
} from '../settings/config.js'

export interface RunConfig extends TrainingConfig, ImageConfig {
  /** What is trained; a config without it is of the time when there were classifiers alone. */
  task: 'classification'
  model: ModelConfig
  /** ScheduledDropPath's keep probability at the end of training; 1: off. */
  dropPathKeep: number
  /** Weight of the auxiliary head's loss; 0: no auxiliary head. */
  auxiliaryWeight: number
  labelSmoothing: number
}

const runConfigSchema = record<RunConfig>({
  task: (value, field) => choice('classification')(value ?? 'classification', field),
  ...ofImages,
  ...shared,
  dropPathKeep: number({ above: 0, to: 1 }),
  auxiliaryWeight: number({ from: 0 }),
  labelSmoothing: number({ from: 0, below: 1 }),
  resolution: list(record<ResolutionStage>({ untilEpoch: integer(1), size: integer(4, 10_000) })),
  evaluateEvery: integer(1),
})

/** Checks a config, for example one read from `config.json`. Throws a `UserError` that names the field, below `field`. */
export function validateConfig(value: unknown, field = ''): RunConfig {
  const config = runConfigSchema(value, field)
  const prefix = field === '' ? '' : `${field}.`
  checkLength(config.length, prefix)
  let last = 0
  for (const [index, stage] of config.resolution.entries()) {
    if (stage.untilEpoch <= last)
      throw new UserError(
        `"${prefix}resolution[${index}].untilEpoch" is ${stage.untilEpoch}, but must be above ${last}`,
      )
    last = stage.untilEpoch
  }
  if (config.resolution.length > 0 && config.auxiliaryWeight > 0)
    throw new UserError(
      `"${prefix}resolution" and "${prefix}auxiliaryWeight" exclude each other: the auxiliary head's full-size convolution fits one image size; set the second to 0 or leave the first empty`,
    )
  return config
}
