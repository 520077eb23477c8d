/** Compiles a run's training step and runs it in a worker thread. */
import type * as tf from '@tensorflow/tfjs'
import {
  blockSize,
  compile,
  openSession,
  type Program,
  type Session,
  type Tensors,
  trace,
} from '../engine/index.js'
import type { RunConfig } from './config.js'
import { type Asked, askedContext } from './contexts.js'
import type { StateTensors } from './differentiate.js'
import { type FlatLayout, layoutOf } from './flat-state.js'
import { type Network, networkOf } from './network.js'
import { drawNoise, noiseCount } from './noise.js'
import { firstState, stateVectors, type VectorSpecs } from './state-vectors.js'
import { stepFunction } from './step-function.js'
import type { StateVectors, StepInputs, TrainStep } from './step-types.js'

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

export interface CompiledStep {
  program: Program
  asked: Asked
  layout: FlatLayout
  /** State vectors by name, with their sizes and first values. */
  vectors: VectorSpecs
}

/** The output that is the next run's input `vector`. */
export const next = (vector: string) => `next ${vector}`

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
  const vectors = stateVectors(config, layout)
  const step = stepFunction(config, network, asked, layout)
  const noiseSize = noiseCount(asked)
  const traced = trace((tracer) => {
    const state: StateTensors = {}
    for (const [name, { size }] of Object.entries(vectors))
      state[name] = tracer.input(name, [size]) as tf.Tensor1D
    const outputs = step(state, {
      images: tracer.input('images', [batchSize, imageSize, imageSize, 3]) as tf.Tensor4D,
      labels: tracer.input('labels', [batchSize], 'int32') as tf.Tensor1D,
      learningRate: tracer.input('learningRate', []) as tf.Scalar,
      progress: tracer.input('progress', []) as tf.Scalar,
      step: tracer.input('step', []) as tf.Scalar,
      ...(noiseSize > 0 ? { noise: tracer.input('noise', [noiseSize]) as tf.Tensor1D } : {}),
    })
    const { loss, correct, gradientNorm } = outputs
    const states = Object.entries(outputs.state).map(([name, tensor]) => [next(name), tensor])
    return { ...Object.fromEntries(states), loss, correct, gradientNorm }
  })
  return { program: compile(traced, { block }), asked, layout, vectors }
}

export interface StepOptions {
  /** Threads that one operation may use; by default all cores. */
  threads?: number
  /** ONNX Runtime's execution provider; `cpu` by default. */
  provider?: string
  /** ONNX Runtime's profiler writes files with this prefix. */
  profilePrefix?: string
}

/** Compiles the step for images of one size and starts it from the seed's initial state. */
export async function buildTrainStep(
  config: RunConfig,
  shapes: { imageSize: number; classes: number },
  options: StepOptions = {},
): Promise<TrainStep> {
  // Only ONNX Runtime's CPU kernels have a blocked layout.
  const onCpu = (options.provider ?? 'cpu') === 'cpu'
  const compiled = compileStep(config, shapes, onCpu ? await blockSize() : 0)
  const names = Object.keys(compiled.vectors)
  const session = await openSession(compiled.program.model, {
    ...options,
    carried: Object.fromEntries(names.map((name) => [next(name), name])),
  })
  const { layout, asked, vectors } = compiled
  await loadState(session, firstState(vectors, layout, asked, config.seed))

  return {
    layout: layout.slots,
    batchSize: config.batchSize,
    imageSize: shapes.imageSize,
    parameters: layout.parameters + layout.statistics,
    async run(inputs) {
      const { loss, correct, gradientNorm } = await session.run(feeds(config, shapes, asked, inputs))
      return { loss: loss.data[0], correct: correct.data[0], gradientNorm: gradientNorm.data[0] }
    },
    async state() {
      const carried = await session.read()
      return Object.fromEntries(names.map((name) => [name, carried[name].data as Float32Array]))
    },
    load: (state) => loadState(session, state),
    close: () => session.close(),
  }
}

export function loadState(session: Session, state: StateVectors): Promise<void> {
  const tensors: Tensors = {}
  for (const [name, data] of Object.entries(state))
    tensors[name] = { type: 'float32', shape: [data.length], data: data.slice() }
  return session.load(tensors)
}

function feeds(
  config: RunConfig,
  { imageSize }: { imageSize: number },
  asked: Asked,
  { images, labels, learningRate, progress, step }: StepInputs,
): Tensors {
  const { batchSize, seed } = config
  const scalar = (value: number) => ({ type: 'float32' as const, shape: [], data: Float32Array.of(value) })
  const all: Tensors = {
    images: { type: 'float32', shape: [batchSize, imageSize, imageSize, 3], data: images },
    labels: { type: 'int32', shape: [batchSize], data: labels },
    learningRate: scalar(learningRate),
    progress: scalar(progress),
    step: scalar(step),
  }
  if (asked.noise.length > 0) {
    const data = drawNoise(asked, seed, step)
    all.noise = { type: 'float32', shape: [data.length], data }
  }
  return all
}
