/** Loads a trained or imported detector as the beginning of another. */
import { stat } from 'node:fs/promises'
import { UserError } from '../shared/errors.js'
import { fileError } from '../shared/files.js'
import type { Tensor } from '../shared/safetensors.js'
import type { DetectorRunConfig } from './detection/config.js'
import type { DetectorWeights } from './detection/initial-weights.js'
import { inferenceState } from './run/checkpoint.js'
import { keptCheckpoint } from './run/run-folder.js'
import { readAnyConfig } from './tasks.js'

export interface LoadedDetector {
  config: DetectorRunConfig
  weights: DetectorWeights
}

/**
 * The detector in a run: its newest checkpoint, or its best one where it keeps that, with the averaged weights where it keeps an average.
 *
 * @throws UserError when there is no run of a detector at `source`, it is damaged, or it was never trained
 */
export async function loadDetector(source: string): Promise<LoadedDetector> {
  const found = await stat(source).catch((error) => Promise.reject(fileError('read', source, error)))
  if (!found.isDirectory())
    throw new UserError(
      `--init takes the folder of a detector's run, but ${source} is a file; make a run of the weights of another program by import-weights, and name a classifier's with --backbone`,
    )
  const config = await readAnyConfig(source)
  if (config.task !== 'detection')
    throw new UserError(
      `${source} is the run of a classifier, and --init takes a detector's; begin with its cells: --backbone ${source}`,
    )
  const { categories } = config.data
  const checkpoint = await keptCheckpoint(source, config.keep)
  if (checkpoint === null || categories === null)
    throw new UserError(`${source} has no checkpoint yet; train it first`)
  const state = inferenceState(checkpoint.state)
  const tensors = checkpoint.layout.map(({ path, shape, vector, offset, size }): [string, Tensor] => [
    path,
    { shape, data: state[vector].subarray(offset, offset + size) },
  ])
  return { config, weights: { source, tensors: new Map(tensors), categories } }
}
