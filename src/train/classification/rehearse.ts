/** Times the step of a run before it begins. */
import { pairLabels } from '../images/mix.js'
import { hasPairs, type RunConfig } from './config.js'
import type { TrainStep } from './step-types.js'
import type { Compiler } from './train.js'

/** A first batch that takes longer, in seconds, is not repeated, although it includes the reservation of memory. */
const LONG = 5

/**
 * A compiler that times the first step that it builds, on batches of grey images, and sets its state back. The steps of the
 * run are those without it, bit for bit. `onTimed` gets the seconds of a batch.
 */
export function rehearsing(compiler: Compiler, onTimed: (seconds: number) => void): Compiler {
  let timed = false
  return {
    ...compiler,
    async buildTrainStep(config, shapes) {
      const step = await compiler.buildTrainStep(config, shapes)
      if (timed) return step
      timed = true
      try {
        onTimed(await secondsOf(config, step))
      } catch (error) {
        await step.close()
        throw error
      }
      return step
    },
  }
}

async function secondsOf(config: RunConfig, step: TrainStep): Promise<number> {
  const before = await step.state()
  let seconds = await batchSeconds(config, step)
  if (seconds < LONG) seconds = await batchSeconds(config, step)
  await step.load(before)
  return seconds
}

async function batchSeconds(config: RunConfig, step: TrainStep): Promise<number> {
  const { batchSize, imageSize } = step
  const labels = new Int32Array(batchSize)
  const inputs = {
    images: new Float32Array(batchSize * imageSize * imageSize * 3),
    labels,
    ...(hasPairs(config) && { pairs: pairLabels(labels, 1) }),
  }
  const began = performance.now()
  await step.run({ ...inputs, learningRate: 0, progress: 0, step: 0 })
  return (performance.now() - began) / 1000
}
