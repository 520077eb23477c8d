/** Noise for a step. The host draws it, so that graphs are deterministic and a resumed run gets the same noise. */
import * as tf from '@tensorflow/tfjs'
import { random } from '../../../models/index.js'
import { sizeOf } from '../../engine/index.js'
import type { ParameterSpecs } from './contexts.js'

/** How many numbers of noise one step takes. */
export const noiseCount = ({ noise }: ParameterSpecs): number =>
  noise.reduce((sum, { shape }) => sum + sizeOf(shape), 0)

/** All noise of a step, in [0, 1). Each path has its own stream at (seed, step, path), as in the eager context. */
export function drawNoise(specs: ParameterSpecs, seed: number, step: number): Float32Array {
  const all = new Float32Array(noiseCount(specs))
  let at = 0
  for (const { path, shape } of specs.noise) {
    const { uniform } = random(seed, 'noise', step, path)
    const end = at + sizeOf(shape)
    while (at < end) all[at++] = uniform()
  }
  return all
}

/** Splits flat noise into its tensors, by path. */
export function splitNoise(specs: ParameterSpecs, noise: tf.Tensor1D | undefined): Map<string, tf.Tensor> {
  if (noise === undefined) return new Map()
  const pieces = tf.split(
    noise,
    specs.noise.map(({ shape }) => sizeOf(shape)),
  )
  return new Map(specs.noise.map(({ path, shape }, i) => [path, tf.reshape(pieces[i], shape)]))
}
