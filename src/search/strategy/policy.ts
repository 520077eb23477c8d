/** The controller in use: its two compiled graphs and its state, in worker threads. */
import type * as tf from '@tensorflow/tfjs'
import { compile, openSession, type Program, type Tensor, trace } from '../../engine/index.js'
import { UserError } from '../../shared/errors.js'
import type { Decisions } from '../space/space.js'
import { type Controller, initialParameters, sample } from './controller.js'
import type { PpoOptions } from './ppo-options.js'
import { type PpoState, ppoStep } from './ppo-step.js'

/** An architecture and how likely it was. */
export interface Proposal {
  decisions: Decisions
  /** Of each decision, natural logarithms. */
  logProbabilities: Float32Array
}

export interface Policy {
  /** Draws `batch` architectures from `uniforms`, batch × D numbers in [0, 1), and returns their mean entropy in nats. */
  sample(uniforms: Float32Array): Promise<{ proposals: Proposal[]; entropy: number }>
  /** Learns from `batch` proposals and their advantages. Throws a `UserError` when the weights diverge. */
  learn(proposals: readonly Proposal[], advantages: Float32Array): Promise<void>
  close(): Promise<void>
}

const STATE = ['parameters', 'firstMoment', 'secondMoment'] as const
const next = (name: string) => `next ${name}`

function compileSampling(controller: Controller, count: number): Program {
  const { decisions, layout } = controller
  return compile(
    trace((tracer) => ({
      ...sample(
        controller,
        tracer.input('parameters', [layout.parameters]) as tf.Tensor1D,
        tracer.input('uniforms', [count, decisions.length]) as tf.Tensor2D,
      ),
    })),
  )
}

function compileLearning(controller: Controller, options: PpoOptions): Program {
  const { layout, decisions } = controller
  const shape = [options.batch, decisions.length]
  return compile(
    trace((tracer) => {
      const vectors = STATE.map((name) => [name, tracer.input(name, [layout.parameters])])
      const { state } = ppoStep(
        controller,
        options,
        Object.fromEntries(vectors) as PpoState,
        {
          decisions: tracer.input('decisions', shape, 'int32') as tf.Tensor2D,
          logProbabilities: tracer.input('logProbabilities', shape) as tf.Tensor2D,
          advantages: tracer.input('advantages', [options.batch]) as tf.Tensor1D,
        },
        tracer.input('step', []) as tf.Scalar,
      )
      return Object.fromEntries(STATE.map((name) => [next(name), state[name]]))
    }),
  )
}

/** Compiles both graphs and starts from the seed's initial weights. */
export async function openPolicy(controller: Controller, options: PpoOptions, seed: number): Promise<Policy> {
  const { batch, epochs } = options
  const length = controller.decisions.length
  const vector = (data: Float32Array): Tensor => ({ type: 'float32', shape: [data.length], data })
  // One thread each: the graphs are too small for more, and the other cores are the children's.
  const sampler = await openSession(compileSampling(controller, batch).model, { threads: 1 })
  const learner = await openSession(compileLearning(controller, options).model, {
    threads: 1,
    carried: Object.fromEntries(STATE.map((name) => [next(name), name])),
  })
  const initial = initialParameters(controller, seed)
  await sampler.load({ parameters: vector(initial.slice()) })
  await learner.load({
    parameters: vector(initial.slice()),
    firstMoment: vector(new Float32Array(initial.length)),
    secondMoment: vector(new Float32Array(initial.length)),
  })
  let steps = 0

  return {
    async sample(uniforms) {
      const feeds = { uniforms: { type: 'float32' as const, shape: [batch, length], data: uniforms } }
      const { decisions, logProbabilities, entropies } = await sampler.run(feeds)
      const row = <T extends Int32Array | Float32Array>(all: T, i: number) =>
        all.slice(i * length, (i + 1) * length) as T
      const proposals = Array.from({ length: batch }, (_, i) => ({
        decisions: Array.from(row(decisions.data as Int32Array, i)),
        logProbabilities: row(logProbabilities.data as Float32Array, i),
      }))
      const total = (entropies.data as Float32Array).reduce((sum, entropy) => sum + entropy, 0)
      return { proposals, entropy: total / batch }
    },
    async learn(proposals, advantages) {
      const shape = [batch, length]
      const decisions = Int32Array.from(proposals.flatMap((proposal) => proposal.decisions))
      const logProbabilities = Float32Array.from(
        proposals.flatMap((proposal) => [...proposal.logProbabilities]),
      )
      for (let epoch = 0; epoch < epochs; epoch++)
        await learner.run({
          decisions: { type: 'int32', shape, data: decisions.slice() },
          logProbabilities: { type: 'float32', shape, data: logProbabilities.slice() },
          advantages: { type: 'float32', shape: [batch], data: advantages.slice() },
          step: { type: 'float32', shape: [], data: Float32Array.of(steps++) },
        })
      const { parameters } = await learner.read()
      if (!(parameters.data as Float32Array).every(Number.isFinite))
        throw new UserError(
          `The controller's weights are no longer finite after ${steps} steps at a learning rate of ${options.learningRate}; begin another search, whose strategy has a lower learningRate`,
        )
      await sampler.load({ parameters })
    },
    async close() {
      await Promise.all([sampler.close(), learner.close()])
    },
  }
}
