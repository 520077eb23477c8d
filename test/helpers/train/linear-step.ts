/**
 * A stand-in for the compiled network: softmax regression on mean colours of a 2 × 2 grid, trained by momentum
 * in plain JavaScript, float32 throughout. It is a function of its inputs alone, and noise depends on (seed, step).
 */
import type { ImageSet } from '../../../datasets/classification/image-set.js'
import { random } from '../../../src/shared/random.js'
import type { RunConfig } from '../../../src/train/classification/config.js'
import { presets } from '../../../src/train/classification/presets.js'
import type { StepResult } from '../../../src/train/classification/step-types.js'
import type { Compiler } from '../../../src/train/classification/train.js'
import type { StateVectors } from '../../../src/train/step/step-types.js'

const FEATURES = 12

/** Mean of each channel in each quarter of an image, so that any image size has the same features. */
function features(
  images: ArrayLike<number>,
  image: number,
  side: number,
  scale: (v: number) => number,
): number[] {
  const sums = new Array<number>(FEATURES).fill(0)
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++)
      for (let channel = 0; channel < 3; channel++) {
        const quarter = (2 * y < side ? 0 : 2) + (2 * x < side ? 0 : 1)
        sums[quarter * 3 + channel] += scale(images[((image * side + y) * side + x) * 3 + channel])
      }
  return sums.map((sum) => sum / (side * side))
}

function softmax(weights: Float32Array, input: number[], classes: number): number[] {
  const scores = Array.from({ length: classes }, (_, c) =>
    input.reduce((sum, value, f) => sum + value * weights[f * classes + c], weights[FEATURES * classes + c]),
  )
  const largest = Math.max(...scores)
  const powers = scores.map((score) => Math.exp(score - largest))
  const total = powers.reduce((sum, power) => sum + power, 0)
  return powers.map((power) => power / total)
}

/** Builds linear steps; `onRun` sees each step's number first and may change its result. */
export function linearCompiler(
  onRun: (step: number, result: StepResult) => StepResult = (_, r) => r,
): Compiler {
  return {
    async buildTrainStep(config, { imageSize, classes }) {
      const size = (FEATURES + 1) * classes
      const state: StateVectors = {
        parameters: new Float32Array(size),
        statistics: new Float32Array(FEATURES),
        momentum: new Float32Array(size),
        averageParameters: new Float32Array(size),
      }
      return {
        layout: [
          {
            path: 'dense/weights',
            shape: [FEATURES, classes],
            vector: 'parameters',
            offset: 0,
            size: FEATURES * classes,
          },
          {
            path: 'dense/bias',
            shape: [classes],
            vector: 'parameters',
            offset: FEATURES * classes,
            size: classes,
          },
          { path: 'input/mean', shape: [FEATURES], vector: 'statistics', offset: 0, size: FEATURES },
        ],
        batchSize: config.batchSize,
        imageSize,
        parameters: size,
        async run({ images, labels, learningRate, progress, step }) {
          await new Promise((resolve) => setImmediate(resolve))
          const { parameters, momentum, statistics, averageParameters } = state
          const gradient = new Float32Array(size)
          const { uniform } = random(config.seed, 'noise', step)
          let loss = 0
          let correct = 0
          for (const [image, label] of labels.entries()) {
            const input = features(images, image, imageSize, (v) => v).map(
              (v) => v + 0.01 * progress * uniform(),
            )
            for (let f = 0; f < FEATURES; f++) statistics[f] = 0.9 * statistics[f] + 0.1 * input[f]
            const guess = softmax(parameters, input, classes)
            loss -= Math.log(guess[label]) / labels.length
            if (guess.indexOf(Math.max(...guess)) === label) correct++
            for (let c = 0; c < classes; c++) {
              const slope = (guess[c] - (c === label ? 1 : 0)) / labels.length
              for (let f = 0; f < FEATURES; f++) gradient[f * classes + c] += slope * input[f]
              gradient[FEATURES * classes + c] += slope
            }
          }
          for (let i = 0; i < size; i++) {
            momentum[i] = 0.9 * momentum[i] + gradient[i]
            parameters[i] -= learningRate * momentum[i]
            averageParameters[i] = 0.9 * averageParameters[i] + 0.1 * parameters[i]
          }
          return onRun(step, { loss, correct, gradientNorm: Math.hypot(...gradient) })
        },
        state: async () =>
          Object.fromEntries(Object.entries(state).map(([name, vector]) => [name, vector.slice()])),
        async load(saved) {
          for (const [name, vector] of Object.entries(state)) vector.set(saved[name])
        },
        async close() {},
      }
    },
    async buildPredictor(_config, { parameters }, { imageSize, classes }) {
      return {
        async run(images, count) {
          const rows = Array.from({ length: count }, (_, image) =>
            softmax(
              parameters,
              features(images, image, imageSize, (v) => v / 127.5 - 1),
              classes,
            ),
          )
          return Float32Array.from(rows.flat())
        },
        async close() {},
      }
    },
  }
}

/** `count` images of side 8 in three classes: mostly red, green or blue. */
export function colourSet(count: number, seed = 0): ImageSet {
  const { uniform } = random(seed, 'colours')
  const labels = Int32Array.from({ length: count }, (_, image) => image % 3)
  const pixels = new Uint8Array(count * 8 * 8 * 3)
  for (let i = 0; i < pixels.length; i++) {
    const isOwnChannel = i % 3 === labels[Math.floor(i / 192)]
    pixels[i] = Math.floor(uniform() * (isOwnChannel ? 256 : 150))
  }
  return { name: 'colours', pixels, labels, count, height: 8, width: 8, classes: ['red', 'green', 'blue'] }
}

/** A short run on such images: batches of 8, checkpoints every 4 steps. */
export function colourConfig(changes: Partial<RunConfig> = {}): RunConfig {
  return {
    ...presets['paper-cifar'],
    auxiliaryWeight: 0,
    batchSize: 8,
    length: { kind: 'epochs', amount: 3 },
    learningRate: { kind: 'cosine', peak: 0.5, warmup: 0.5 },
    augmentation: { crop: 1, flip: true, cutout: 2, colour: 0 },
    checkpoint: { steps: 4, seconds: null },
    ...changes,
  }
}
