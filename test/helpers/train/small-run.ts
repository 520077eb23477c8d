import type { Checkpoint } from '../../../src/train/run/checkpoint.js'
import { createRun } from '../../../src/train/tasks.js'
import { colourConfig } from './linear-step.js'

/** The config of a small run. */
export const config = colourConfig()
/** A checkpoint of that run after `step` steps, with one vector of every kind. */
export const checkpoint = (step: number): Checkpoint => ({
  step,
  seconds: step / 2,
  layout: [
    { path: 'stem/weights', shape: [2, 3], vector: 'parameters', offset: 0, size: 6 },
    { path: 'dense/bias', shape: [2], vector: 'parameters', offset: 6, size: 2 },
    { path: 'stem/mean', shape: [3], vector: 'statistics', offset: 0, size: 3 },
  ],
  state: {
    parameters: Float32Array.from({ length: 8 }, (_, i) => i + step),
    statistics: Float32Array.of(1, 2, 3),
    momentum: Float32Array.from({ length: 8 }, (_, i) => -i),
    averageStatistics: Float32Array.of(4, 5, 6),
    steps: Float32Array.of(step),
  },
})

/** Creates a run with checkpoints at these steps, and closes it. */
export async function runWith(folder: string, steps: number[]): Promise<void> {
  const run = await createRun(folder, config)
  for (const step of steps) await run.save(checkpoint(step))
  await run.close()
}
