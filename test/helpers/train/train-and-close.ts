import { type TrainClassifierOptions, trainClassifier } from '../../../src/train/classification/train.js'
import type { TrainResult } from '../../../src/train/run/loop-types.js'
import type { Run } from '../../../src/train/tasks.js'
import { colourSet, linearCompiler } from './linear-step.js'

const data = { train: colourSet(100), validation: colourSet(20, 1) }

/** Trains a run on small coloured images, and closes it. */
export async function trainAndClose(
  run: Run,
  options: TrainClassifierOptions = {},
  compiler = linearCompiler(),
): Promise<TrainResult> {
  try {
    return await trainClassifier(run, data, compiler, options)
  } finally {
    await run.close()
  }
}
