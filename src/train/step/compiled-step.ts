/** A training step of any task, compiled and run in a worker thread: state in, state and metrics out. */
import type * as tf from '@tensorflow/tfjs'
import {
  blockSize,
  compile,
  openSession,
  type Program,
  type Session,
  type Tensors,
  type Tracer,
  trace,
} from '../../engine/index.js'
import type { ParameterSpecs } from './contexts.js'
import type { StateTensors } from './differentiate.js'
import type { FlatLayout } from './flat-state.js'
import { drawNoise, noiseCount } from './noise.js'
import { firstState, type VectorSpecs } from './state-vectors.js'
import type { StateVectors, StepNumbers, StepState } from './step-types.js'

/** A step as an ONNX graph. */
export interface CompiledStep {
  program: Program
  specs: ParameterSpecs
  layout: FlatLayout
  /** State vectors by name, with their sizes and initial values. */
  vectors: VectorSpecs
}

/** The inputs of every step besides its batch. */
export interface StepScalars {
  learningRate: tf.Scalar
  progress: tf.Scalar
  /** Steps done before this one. */
  step: tf.Scalar
  /** All noise of the network in [0, 1), in the order of its specs; absent when it takes none. */
  noise?: tf.Tensor1D
}

/** The step of a task. `B`: the tensors of its batch. */
export interface StepParts<B> extends Omit<CompiledStep, 'program'> {
  /** Declares the batch as inputs of the graph. */
  batch(input: Tracer['input']): B
  step(
    state: StateTensors,
    inputs: B & StepScalars,
  ): { state: StateTensors } & Record<string, tf.Scalar | StateTensors>
}

/** Name of the output that becomes the input `vector` of the next run. */
const next = (vector: string) => `next ${vector}`

/** Traces a step and compiles it to an ONNX graph. `block`: see the engine's `blockSize`. */
export function compileStepOf<B extends object>(
  { specs, layout, vectors, batch, step }: StepParts<B>,
  block: number,
): CompiledStep {
  const noise = noiseCount(specs)
  const traced = trace((tracer) => {
    const state: StateTensors = {}
    for (const [name, { size }] of Object.entries(vectors))
      state[name] = tracer.input(name, [size]) as tf.Tensor1D
    const scalar = (name: string) => tracer.input(name, []) as tf.Scalar
    const { state: after, ...metrics } = step(state, {
      ...batch(tracer.input),
      learningRate: scalar('learningRate'),
      progress: scalar('progress'),
      step: scalar('step'),
      ...(noise > 0 && { noise: tracer.input('noise', [noise]) as tf.Tensor1D }),
    })
    const states = Object.entries(after).map(([name, tensor]) => [next(name), tensor])
    return { ...Object.fromEntries(states), ...metrics }
  })
  return { program: compile(traced, { block }), specs, layout, vectors }
}

export interface StepOptions {
  /** Threads that one operation may use; by default all cores. */
  threads?: number
  /** ONNX Runtime's execution provider; `cpu` by default. */
  provider?: string
  /** ONNX Runtime's profiler writes files with this prefix. */
  profilePrefix?: string
}

/** The block size to compile a step with. Only ONNX Runtime's CPU kernels have a blocked layout. */
export const blockFor = async ({ provider = 'cpu' }: StepOptions): Promise<number> =>
  provider === 'cpu' ? blockSize() : 0

/** A step in a worker thread, together with its state. */
export interface OpenStep extends StepState {
  /** Runs a step on a batch. `draw`: the number that noise is drawn for, by default that of the step. */
  run(batch: Tensors, numbers: StepNumbers, draw?: number): Promise<Tensors>
}

/** Opens a compiled step in a worker thread, with the initial state of `seed`. */
export async function openStep(
  { program, specs, layout, vectors }: CompiledStep,
  seed: number,
  options: StepOptions,
): Promise<OpenStep> {
  const names = Object.keys(vectors)
  const session = await openSession(program.model, {
    ...options,
    carried: Object.fromEntries(names.map((name) => [next(name), name])),
  })
  await loadState(session, firstState(vectors, layout, specs, seed))
  return {
    run(batch, { learningRate, progress, step }, draw = step) {
      const inputs: Tensors = {
        ...batch,
        learningRate: scalar(learningRate),
        progress: scalar(progress),
        step: scalar(step),
      }
      if (specs.noise.length > 0) {
        const data = drawNoise(specs, seed, draw)
        inputs.noise = { type: 'float32', shape: [data.length], data }
      }
      return session.run(inputs)
    },
    async state() {
      const carried = await session.read()
      return Object.fromEntries(names.map((name) => [name, carried[name].data as Float32Array]))
    },
    load: (state) => loadState(session, state),
    close: () => session.close(),
  }
}

/** A number as an input tensor of a step. */
export const scalar = (value: number): Tensors[string] => ({
  type: 'float32',
  shape: [],
  data: Float32Array.of(value),
})

function loadState(session: Session, state: StateVectors): Promise<void> {
  const tensors: Tensors = {}
  for (const [name, data] of Object.entries(state))
    tensors[name] = { type: 'float32', shape: [data.length], data: data.slice() }
  return session.load(tensors)
}
