/** Noise for a step: drawn by the host, so that a graph holds no randomness and a resumed run sees the same. */
import * as tf from '@tensorflow/tfjs'
import { random } from '../../../models/index.js'
import { sizeOf } from '../../engine/index.js'
import type { Asked } from './contexts.js'

export const noiseCount = ({ noise }: Asked): number =>
  noise.reduce((sum, { shape }) => sum + sizeOf(shape), 0)

/** All noise of a step: each path draws from its own stream at (seed, step, path), as the eager context does. */
export function drawNoise(asked: Asked, seed: number, step: number): Float32Array {
  const all = new Float32Array(noiseCount(asked))
  let at = 0
  for (const { path, shape } of asked.noise) {
    const { uniform } = random(seed, 'noise', step, path)
    const end = at + sizeOf(shape)
    while (at < end) all[at++] = uniform()
  }
  return all
}

/** The tensors of a flat draw, by path. */
export function splitNoise(asked: Asked, noise: tf.Tensor1D | undefined): Map<string, tf.Tensor> {
  if (noise === undefined) return new Map()
  const pieces = tf.split(
    noise,
    asked.noise.map(({ shape }) => sizeOf(shape)),
  )
  return new Map(asked.noise.map(({ path, shape }, i) => [path, tf.reshape(pieces[i], shape)]))
}
