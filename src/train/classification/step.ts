/** A classifier's training step, compiled and run in a worker thread. */
import type * as tf from '@tensorflow/tfjs'
import { trace } from '../../engine/index.js'
import {
  blockFor,
  type CompiledStep,
  compileStepOf,
  openStep,
  type StepOptions,
} from '../step/compiled-step.js'
import { type Asked, askedContext } from '../step/contexts.js'
import { layoutOf } from '../step/flat-state.js'
import { stateVectors } from '../step/state-vectors.js'
import type { RunConfig } from './config.js'
import { type Network, networkOf } from './network.js'
import { stepFunction } from './step-function.js'
import type { TrainStep } from './step-types.js'

export type { StepOptions } from '../step/compiled-step.js'

/** What a network asks of its context when it trains on `batch` images of `size` × `size`. */
export function askedBy(network: Network, batch: number, size: number): Asked {
  let all: Asked = { specs: [], noise: [] }
  trace((tracer) => {
    const { ctx, asked } = askedContext(tracer, true)
    all = asked
    return { logits: network(ctx, tracer.input('images', [batch, size, size, 3]) as tf.Tensor4D).logits }
  })
  return all
}

/** Traces and lowers the step. `block`: see the engine's `blockSize`. */
export function compileStep(
  config: RunConfig,
  { imageSize, classes }: { imageSize: number; classes: number },
  block: number,
): CompiledStep {
  const network = networkOf(config, classes)
  const { batchSize } = config
  const asked = askedBy(network, batchSize, imageSize)
  const layout = layoutOf(asked.specs)
  return compileStepOf(
    {
      asked,
      layout,
      vectors: stateVectors(config, layout),
      batch: (input) => ({
        images: input('images', [batchSize, imageSize, imageSize, 3]) as tf.Tensor4D,
        labels: input('labels', [batchSize], 'int32') as tf.Tensor1D,
      }),
      step: stepFunction(config, network, asked, layout),
    },
    block,
  )
}

/** Compiles the step for images of one size and starts it from the seed's initial state. */
export async function buildTrainStep(
  config: RunConfig,
  shapes: { imageSize: number; classes: number },
  options: StepOptions = {},
): Promise<TrainStep> {
  const compiled = compileStep(config, shapes, await blockFor(options))
  const { run, state, load, close } = await openStep(compiled, config.seed, options)
  const { layout } = compiled
  const { batchSize } = config
  const { imageSize } = shapes
  return {
    layout: layout.slots,
    batchSize,
    imageSize,
    parameters: layout.parameters + layout.statistics,
    async run({ images, labels, ...numbers }) {
      const { loss, correct, gradientNorm } = await run(
        {
          images: { type: 'float32', shape: [batchSize, imageSize, imageSize, 3], data: images },
          labels: { type: 'int32', shape: [batchSize], data: labels },
        },
        numbers,
      )
      return { loss: loss.data[0], correct: correct.data[0], gradientNorm: gradientNorm.data[0] }
    },
    state,
    load,
    close,
  }
}
