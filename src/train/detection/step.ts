/** Compiles a detector's training step and runs it in a worker thread. */
import type * as tf from '@tensorflow/tfjs'
import type { Tensors } from '../../engine/index.js'
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
import type { DetectorRunConfig } from './config.js'
import { detectorOf, type NetworkSettings } from './network.js'
import { detectorStepFunction, lossesOf, STEP_METRICS } from './step-function.js'
import type { DetectionBatch, DetectorStep } from './step-types.js'

export interface DetectorShapes {
  /** [H, W]. */
  imageSize: [number, number]
  classes: number
}

/** The parameters of the detector that trains on `batchSize` images of this size. */
export function detectorSpecs(
  config: NetworkSettings & Pick<DetectorRunConfig, 'batchSize' | 'maxObjects'>,
  shapes: DetectorShapes,
): ParameterSpecs {
  const detector = detectorOf(config, shapes.classes)
  return collectParameterSpecs((ctx, input) => ({
    loss: lossesOf(detector, ctx, batchInputs(config, shapes, input)).loss,
  }))
}

function batchInputs(
  { batchSize, maxObjects }: Pick<DetectorRunConfig, 'batchSize' | 'maxObjects'>,
  { imageSize }: DetectorShapes,
  input: (name: string, shape: number[], dtype?: 'float32' | 'int32') => tf.Tensor,
) {
  return {
    images: input('images', [batchSize, ...imageSize, 3]) as tf.Tensor4D,
    boxes: input('true boxes', [batchSize, maxObjects, 4]) as tf.Tensor3D,
    labels: input('true labels', [batchSize, maxObjects], 'int32') as tf.Tensor2D,
  }
}

/** Traces the step and compiles it to an ONNX graph. `block`: see the engine's `blockSize`. */
export function compileDetectorStep(
  config: DetectorRunConfig,
  shapes: DetectorShapes,
  block: number,
): CompiledStep {
  const specs = detectorSpecs(config, shapes)
  const layout = layoutOf(specs.parameters)
  return compileStepOf(
    {
      specs,
      layout,
      vectors: accumulatedVectors(config, layout),
      batch: (input) => ({
        ...batchInputs(config, shapes, input),
        ...passInput(config, input),
      }),
      step: detectorStepFunction(config, detectorOf(config, shapes.classes), specs, layout),
    },
    block,
  )
}

/** Compiles the step for images of one size, and opens it with the initial state of the config's seed. */
export async function buildDetectorStep(
  config: DetectorRunConfig,
  shapes: DetectorShapes,
  options: StepOptions = {},
): Promise<DetectorStep> {
  const compiled = compileDetectorStep(config, shapes, await blockFor(options))
  const { layout } = compiled
  const open = await openStep(compiled, config.seed, options)
  const { batchSize, maxObjects, accumulate } = config

  return {
    layout: layout.slots,
    batchSize,
    imageSize: shapes.imageSize,
    maxObjects,
    parameters: layout.parameters + layout.statistics,
    async run({ batches, learningRate, progress, step }) {
      if (batches.length !== accumulate)
        throw new Error(`internal: a step takes ${accumulate} batches, not ${batches.length}`)
      const sums = { loss: 0, objectness: 0, anchorBoxes: 0, classification: 0, boxes: 0, gradientNorm: 0 }
      for (const [index, batch] of batches.entries()) {
        const inputs = { ...feeds(batch, { batchSize, maxObjects }), ...passValue(config, index) }
        const numbers = { learningRate, progress, step }
        const results = await open.run(inputs, numbers, drawOf(config, step, index))
        for (const metric of STEP_METRICS)
          if (metric !== 'gradientNorm') sums[metric] += results[metric].data[0] / accumulate
        // The norm after the last batch is that of the sum of all gradients.
        sums.gradientNorm = results.gradientNorm.data[0]
      }
      return sums
    },
    state: open.state,
    load: open.load,
    close: open.close,
  }
}

function feeds(
  { images, boxes, labels, imageSize }: DetectionBatch,
  { batchSize, maxObjects }: { batchSize: number; maxObjects: number },
): Tensors {
  return {
    images: { type: 'float32', shape: [batchSize, ...imageSize, 3], data: images },
    'true boxes': { type: 'float32', shape: [batchSize, maxObjects, 4], data: boxes },
    'true labels': { type: 'int32', shape: [batchSize, maxObjects], data: labels },
  }
}
