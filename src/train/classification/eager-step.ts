/** The training step on a TensorFlow.js backend, run eagerly. It is the function that is compiled otherwise. */
import * as tf from '@tensorflow/tfjs'
import { accumulatedVectors, drawOf } from '../step/accumulate.js'
import type { StateTensors } from '../step/differentiate.js'
import { layoutOf } from '../step/flat-state.js'
import { drawNoise } from '../step/noise.js'
import { firstState } from '../step/state-vectors.js'
import type { StateVectors } from '../step/step-types.js'
import type { RunConfig } from './config.js'
import { networkOf } from './network.js'
import { pairTensors } from './pairs.js'
import { classifierSpecs } from './step.js'
import { stepFunction } from './step-function.js'
import type { TrainStep } from './step-types.js'

/** Builds the step for the current backend (`tf.setBackend`), and sets that backend again at each run. */
export async function buildEagerStep(
  config: RunConfig,
  { imageSize, classes }: { imageSize: number; classes: number },
): Promise<TrainStep> {
  const backend = tf.getBackend()
  const { batchSize, seed, accumulate = 1 } = config
  const network = networkOf(config, classes)
  const specs = classifierSpecs(network, batchSize, imageSize)
  const layout = layoutOf(specs.parameters)
  const vectors = accumulatedVectors({ ...config, accumulate }, layout)
  const step = stepFunction(config, network, { specs, layout, classes })
  const names = Object.keys(vectors)
  let state: StateTensors = {}

  async function load(next: StateVectors): Promise<void> {
    await tf.setBackend(backend)
    tf.dispose(state)
    state = Object.fromEntries(Object.entries(next).map(([name, data]) => [name, tf.tensor1d(data)]))
  }

  await load(firstState(vectors, layout, specs, seed))
  return {
    layout: layout.slots,
    batchSize,
    imageSize,
    parameters: layout.parameters + layout.statistics,
    async run({ images, labels, pairs, learningRate, progress, step: done, part = 0 }) {
      await tf.setBackend(backend)
      const noise = drawNoise(specs, seed, drawOf({ accumulate }, done, part))
      // `tf.tidy` keeps the tensors of a flat list.
      const kept: tf.Tensor[] = tf.tidy(() => {
        const {
          state: next,
          loss,
          correct,
          gradientNorm,
        } = step(state, {
          images: tf.tensor4d(images, [batchSize, imageSize, imageSize, 3]),
          labels: tf.tensor1d(labels, 'int32'),
          ...pairTensors(pairs),
          learningRate: tf.scalar(learningRate),
          progress: tf.scalar(progress),
          step: tf.scalar(done),
          ...(accumulate > 1 && { last: tf.scalar(part === accumulate - 1 ? 1 : 0) }),
          ...(noise.length > 0 ? { noise: tf.tensor1d(noise) } : {}),
        })
        return [...names.map((name) => next[name]), loss, correct, gradientNorm]
      })
      tf.dispose(state)
      state = Object.fromEntries(names.map((name, i) => [name, kept[i] as tf.Tensor1D]))
      const metrics = kept.slice(names.length)
      const [[loss], [correct], [gradientNorm]] = await Promise.all(metrics.map((figure) => figure.data()))
      tf.dispose(metrics)
      return { loss, correct, gradientNorm }
    },
    async state() {
      const all = await Promise.all(names.map((name) => state[name].data<'float32'>()))
      return Object.fromEntries(names.map((name, i) => [name, all[i].slice()]))
    },
    load,
    async close() {
      tf.dispose(state)
      state = {}
    },
  }
}
