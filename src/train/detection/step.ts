/** Compiles a detector's training step and runs it in a worker thread. */
import type * as tf from '@tensorflow/tfjs'
import { blockSize, compile, openSession, type Program, type Tensors, trace } from '../../engine/index.js'
import { type Asked, askedContext } from '../contexts.js'
import type { StateTensors } from '../differentiate.js'
import { type FlatLayout, layoutOf } from '../flat-state.js'
import { drawNoise, noiseCount } from '../noise.js'
import { firstState, type VectorSpecs } from '../state-vectors.js'
import { loadState, next, type StepOptions } from '../step.js'
import type { DetectorRunConfig } from './config.js'
import { detectorOf } from './network.js'
import { detectorStepFunction, detectorVectors, FIGURES, lossesOf } from './step-function.js'
import type { DetectionBatch, DetectorStep } from './step-types.js'

export interface DetectorShapes {
  /** [H, W]. */
  imageSize: [number, number]
  classes: number
}

/** What the detector asks of its context when it trains on `batchSize` images of this size. */
export function askedByDetector(
  config: Pick<DetectorRunConfig, 'backbone' | 'detector' | 'batchSize' | 'maxObjects'>,
  shapes: DetectorShapes,
): Asked {
  const detector = detectorOf(config, shapes.classes)
  let all: Asked = { specs: [], noise: [] }
  trace((tracer) => {
    const { ctx, asked } = askedContext(tracer, true)
    all = asked
    return { loss: lossesOf(detector, ctx, batchInputs(config, shapes, tracer.input)).loss }
  })
  return all
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

export interface CompiledDetectorStep {
  program: Program
  asked: Asked
  layout: FlatLayout
  vectors: VectorSpecs
}

/** Traces and lowers the step. `block`: see the engine's `blockSize`. */
export function compileDetectorStep(
  config: DetectorRunConfig,
  shapes: DetectorShapes,
  block: number,
): CompiledDetectorStep {
  const asked = askedByDetector(config, shapes)
  const layout = layoutOf(asked.specs)
  const vectors = detectorVectors(config, layout)
  const step = detectorStepFunction(config, detectorOf(config, shapes.classes), asked, layout)
  const noise = noiseCount(asked)
  const traced = trace((tracer) => {
    const state: StateTensors = {}
    for (const [name, { size }] of Object.entries(vectors))
      state[name] = tracer.input(name, [size]) as tf.Tensor1D
    const scalar = (name: string) => tracer.input(name, []) as tf.Scalar
    const { state: after, ...figures } = step(state, {
      ...batchInputs(config, shapes, tracer.input),
      learningRate: scalar('learningRate'),
      progress: scalar('progress'),
      step: scalar('step'),
      ...(noise > 0 && { noise: tracer.input('noise', [noise]) as tf.Tensor1D }),
      ...(config.accumulate > 1 && { last: scalar('last') }),
    })
    const states = Object.entries(after).map(([name, tensor]) => [next(name), tensor])
    return { ...Object.fromEntries(states), ...figures }
  })
  return { program: compile(traced, { block }), asked, layout, vectors }
}

/** Compiles the step for images of one size and starts it from the seed's initial state. */
export async function buildDetectorStep(
  config: DetectorRunConfig,
  shapes: DetectorShapes,
  options: StepOptions = {},
): Promise<DetectorStep> {
  // Only ONNX Runtime's CPU kernels have a blocked layout.
  const onCpu = (options.provider ?? 'cpu') === 'cpu'
  const { program, asked, layout, vectors } = compileDetectorStep(
    config,
    shapes,
    onCpu ? await blockSize() : 0,
  )
  const names = Object.keys(vectors)
  const session = await openSession(program.model, {
    ...options,
    carried: Object.fromEntries(names.map((name) => [next(name), name])),
  })
  await loadState(session, firstState(vectors, layout, asked, config.seed))
  const { batchSize, maxObjects, accumulate, seed } = config

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
        const inputs = feeds(batch, { batchSize, maxObjects }, { learningRate, progress, step })
        if (asked.noise.length > 0) {
          const data = drawNoise(asked, seed, step * accumulate + index)
          inputs.noise = { type: 'float32', shape: [data.length], data }
        }
        const isLast = index === accumulate - 1
        if (accumulate > 1) inputs.last = scalar(isLast ? 1 : 0)
        const results = await session.run(inputs)
        for (const figure of FIGURES)
          if (figure !== 'gradientNorm') sums[figure] += results[figure].data[0] / accumulate
        // The last batch's is that of the whole sum.
        sums.gradientNorm = results.gradientNorm.data[0]
      }
      return sums
    },
    async state() {
      const carried = await session.read()
      return Object.fromEntries(names.map((name) => [name, carried[name].data as Float32Array]))
    },
    load: (state) => loadState(session, state),
    close: () => session.close(),
  }
}

const scalar = (value: number) => ({ type: 'float32' as const, shape: [], data: Float32Array.of(value) })

function feeds(
  { images, boxes, labels, imageSize }: DetectionBatch,
  { batchSize, maxObjects }: { batchSize: number; maxObjects: number },
  scalars: Record<'learningRate' | 'progress' | 'step', number>,
): Tensors {
  return {
    images: { type: 'float32', shape: [batchSize, ...imageSize, 3], data: images },
    'true boxes': { type: 'float32', shape: [batchSize, maxObjects, 4], data: boxes },
    'true labels': { type: 'int32', shape: [batchSize, maxObjects], data: labels },
    learningRate: scalar(scalars.learningRate),
    progress: scalar(scalars.progress),
    step: scalar(scalars.step),
  }
}
