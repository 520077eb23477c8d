/** What an exported classifier says about itself. */
import { basename } from 'node:path'
import { UserError } from '../../shared/errors.js'
import type { ClassifierCard } from '../../shared/model-card.js'
import type { MetricsRow } from '../run/metrics.js'
import { aboutPools } from '../settings/config.js'
import type { RunConfig } from './config.js'
import type { ClassifierMetrics } from './metrics.js'

/**
 * The card of the model after `step` steps; `about` says how it was made. `rows`: the metrics up to that step.
 *
 * @throws UserError when the config does not record the classes and the image size of its data
 */
export function classifierCard(
  config: RunConfig,
  step: number,
  rows: readonly MetricsRow<ClassifierMetrics>[],
): ClassifierCard {
  const { task, data, model, imported, ...training } = config
  const { genotype, name, stridedPools, ...network } = model
  const labels = classesOf(config)
  if (data.imageSize === null) throw new UserError('The config does not record the image size of its data')
  const evaluation = rows.filter((row) => row.kind === 'evaluation').at(-1)
  return {
    task,
    name: `${name}-${model.cells}x${model.filters}-${basename(data.name).replace(/[^\w.-]+/g, '_')}`,
    labels,
    inputSize: [data.imageSize, data.imageSize],
    ...(data.preprocessing && { preprocessing: data.preprocessing }),
    about: {
      genotype,
      network,
      ...aboutPools(model),
      data: {
        name: data.name,
        validation: data.validation,
        ...(data.validationFraction != null && { validationFraction: data.validationFraction }),
        ...(data.fingerprint && { fingerprint: data.fingerprint }),
      },
      ...(imported === undefined ? { training } : { imported }),
      steps: step,
      ...(evaluation && {
        validation: { top1: evaluation.top1, top5: evaluation.top5, images: evaluation.images },
      }),
    },
  }
}

/**
 * The classes of a run.
 *
 * @throws UserError when there are none: they were not recorded, or the weights were imported without a head
 */
export function classesOf({ data: { classes }, imported }: RunConfig): string[] {
  if (classes !== null) return classes
  throw new UserError(
    imported === undefined
      ? 'The config does not record the classes of its data'
      : `The weights came from ${imported.file} without a classifier's head, so that they classify nothing: give them one by training (train-backbone --init), or make a detector of them (finetune-coco --backbone)`,
  )
}
