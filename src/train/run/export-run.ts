/** From the folder of a run to its model as one ONNX file. */
import { join } from 'node:path'
import { UserError } from '../../shared/errors.js'
import { writeFileAtomically } from '../../shared/files.js'
import type { ModelCard } from '../../shared/model-card.js'
import { inferenceState } from './checkpoint.js'
import { type Metrics, readRows } from './metrics.js'
import { keptCheckpoint, metricsPath } from './run-folder.js'
import type { RunTask } from './run-task.js'

/**
 * Exports the newest checkpoint of a run (its averaged weights, where it keeps an average), or the best one where it keeps
 * that, to `path`, by default into its folder. `config` is that of the run. Returns the path and the card.
 *
 * @throws UserError when the run has no checkpoint yet, or the file cannot be written
 */
export async function exportNewest<C, M extends Metrics, Card extends ModelCard>(
  task: RunTask<C, M, Card>,
  folder: string,
  config: C,
  path: string = join(folder, task.modelFile),
): Promise<{ path: string; card: Card }> {
  const checkpoint = await keptCheckpoint(folder, task.keep?.(config))
  if (checkpoint === null) throw new UserError(`${folder} has no checkpoint yet; train it first`)
  const rows = (await readRows<M>(metricsPath(folder))).filter((row) => row.step <= checkpoint.step)
  const card = task.card(config, checkpoint.step, rows)
  const exporter = await task.loadExporter()
  await writeFileAtomically(path, await exporter(config, inferenceState(checkpoint.state), card))
  return { path, card }
}
