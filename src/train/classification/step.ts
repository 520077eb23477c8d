/** A classifier's training step, compiled and run in a worker thread. */
import type * as tf from '@tensorflow/tfjs'
import { accumulatedVectors, drawOf, passInput, passValue } from '../step/accumulate.js'
import {
  blockFor,
  type CompiledStep,
  compileStepOf,
  openStep,
  type StepOptions,
} from '../step/compiled-step.js'
import { collectParameterSpecs, type ParameterSpecs } from '../step/contexts.js'
import { layoutOf } from '../step/flat-state.js'
import type { RunConfig } from './config.js'
import { type Network, networkOf } from './network.js'
import { pairInputs, pairValues } from './pairs.js'
import { stepFunction } from './step-function.js'
import type { TrainStep } from './step-types.js'

export type { StepOptions } from '../step/compiled-step.js'

/** The parameters of a network that trains on `batch` images of `size` × `size` pixels. */
export function classifierSpecs(network: Network, batch: number, size: number): ParameterSpecs {
  return collectParameterSpecs((ctx, input) => ({
    logits: network(ctx, input('images', [batch, size, size, 3]) as tf.Tensor4D).logits,
  }))
}

/** Traces the step and compiles it to an ONNX graph. `block`: see the engine's `blockSize`. */
export function compileStep(
  config: RunConfig,
  { imageSize, classes }: { imageSize: number; classes: number },
  block: number,
): CompiledStep {
  const network = networkOf(config, classes)
  const { batchSize, accumulate = 1 } = config
  const specs = classifierSpecs(network, batchSize, imageSize)
  const layout = layoutOf(specs.parameters)
  return compileStepOf(
    {
      specs,
      layout,
      vectors: accumulatedVectors({ ...config, accumulate }, layout),
      batch: (input) => ({
        images: input('images', [batchSize, imageSize, imageSize, 3]) as tf.Tensor4D,
        labels: input('labels', [batchSize], 'int32') as tf.Tensor1D,
        ...pairInputs(config, input),
        ...passInput({ accumulate }, input),
      }),
      step: stepFunction(config, network, { specs, layout, classes }),
    },
    block,
  )
}

/** Compiles the step for images of one size, and opens it with the initial state of the config's seed. */
export async function buildTrainStep(
  config: RunConfig,
  shapes: { imageSize: number; classes: number },
  options: StepOptions = {},
): Promise<TrainStep> {
  const compiled = compileStep(config, shapes, await blockFor(options))
  const { run, state, load, close } = await openStep(compiled, config.seed, options)
  const { layout } = compiled
  const { batchSize, accumulate = 1 } = config
  const { imageSize } = shapes
  return {
    layout: layout.slots,
    batchSize,
    imageSize,
    parameters: layout.parameters + layout.statistics,
    async run({ images, labels, pairs, part = 0, ...numbers }) {
      const { loss, correct, gradientNorm } = await run(
        {
          images: { type: 'float32', shape: [batchSize, imageSize, imageSize, 3], data: images },
          labels: { type: 'int32', shape: [batchSize], data: labels },
          ...pairValues(pairs),
          ...passValue({ accumulate }, part),
        },
        numbers,
        drawOf({ accumulate }, numbers.step, part),
      )
      return { loss: loss.data[0], correct: correct.data[0], gradientNorm: gradientNorm.data[0] }
    },
    state,
    load,
    close,
  }
}
