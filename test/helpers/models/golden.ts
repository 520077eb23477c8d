/** Golden files under test/models/golden/: networks of other programs, with their outputs. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type * as tf from '@tensorflow/tfjs'
import { packageRoot } from '../../../src/shared/package-root.js'

/** A tensor: its numbers as base64. */
export interface Encoded {
  shape: number[]
  data: string
}

/** The content of a golden file. */
export const readGolden = <T>(name: string): T =>
  JSON.parse(readFileSync(join(packageRoot(), 'test/models/golden', name), 'utf8'))

/** Bytes that are whole numbers over 64. */
export const bytes = ({ data }: Encoded) =>
  Float32Array.from(new Int8Array(Buffer.from(data, 'base64')), (value) => value / 64)
export const floats = ({ data }: Encoded) =>
  new Float32Array(new Uint8Array(Buffer.from(data, 'base64')).buffer)

/** Largest difference over largest value. */
export function relativeError(actual: tf.Tensor, expected: Encoded): number {
  assert.deepEqual(actual.shape, expected.shape)
  return largestError(actual.dataSync(), floats(expected))
}

/** Largest difference over largest expected number. */
export function largestError(actual: ArrayLike<number>, expected: Float32Array): number {
  let [difference, scale] = [0, 0]
  for (let i = 0; i < expected.length; i++) {
    difference = Math.max(difference, Math.abs(actual[i] - expected[i]))
    scale = Math.max(scale, Math.abs(expected[i]))
  }
  return difference / scale
}
