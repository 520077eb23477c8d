/** From a run's folder to its `model.onnx`. */
import { basename } from 'node:path'
import { UserError } from '../../shared/errors.js'
import { writeFileAtomically } from '../../shared/files.js'
import type { ModelCard } from '../../shared/model-card.js'
import { inferenceState } from '../run/checkpoint.js'
import { type MetricsRow, readRows } from '../run/metrics.js'
import { metricsPath, modelPath, newestCheckpoint, readConfig } from '../run/run-folder.js'
import type { RunConfig } from './config.js'
import { exportModel } from './export.js'

/**
 * Exports a run's newest checkpoint (its averaged weights, where it keeps an average) to `path`, by default
 * `model.onnx` in its folder. Returns the path and the card.
 *
 * @throws UserError when the folder is no run, has no checkpoint yet, or the file cannot be written
 */
export async function exportRun(
  folder: string,
  path: string = modelPath(folder),
): Promise<{ path: string; card: ModelCard }> {
  const config = await readConfig(folder)
  const checkpoint = await newestCheckpoint(folder)
  if (checkpoint === null) throw new UserError(`${folder} has no checkpoint yet; train it first`)
  const rows = (await readRows(metricsPath(folder))).filter((row) => row.step <= checkpoint.step)
  const card = cardOf(config, checkpoint.step, rows)
  await writeFileAtomically(path, await exportModel(config, inferenceState(checkpoint.state), card))
  return { path, card }
}

/** What the model says about itself: how it was made is in `about`. */
export function cardOf(config: RunConfig, step: number, rows: readonly MetricsRow[]): ModelCard {
  const { task, data, model, ...training } = config
  const { genotype, name, ...network } = model
  if (data.classes === null || data.imageSize === null)
    throw new UserError('The config does not name the classes and the image size of its data')
  const evaluation = rows.filter((row) => row.kind === 'evaluation').at(-1)
  return {
    task,
    name: `${name}-${model.cells}x${model.filters}-${basename(data.name).replace(/[^\w.-]+/g, '_')}`,
    labels: data.classes,
    inputSize: [data.imageSize, data.imageSize],
    about: {
      genotype,
      network,
      data: {
        name: data.name,
        validation: data.validation,
        ...(data.fingerprint && { fingerprint: data.fingerprint }),
      },
      training,
      steps: step,
      ...(evaluation && {
        validation: { top1: evaluation.top1, top5: evaluation.top5, images: evaluation.images },
      }),
    },
  }
}
