/**
 * All trained numbers in one flat vector (weights first, then biases, so that weight decay applies to a prefix), and
 * all statistics in another. A compiled step takes and returns each as one tensor. Optimiser slots and averages are
 * vectors of the same layout.
 */
import * as tf from '@tensorflow/tfjs'
import { initialValue, type ParameterSpec } from '../../../models/index.js'
import { sizeOf } from '../../engine/index.js'
import type { ParameterSlot } from './step-types.js'

/** The positions of all parameters and statistics in their vectors. */
export interface FlatLayout {
  slots: ParameterSlot[]
  /** Numbers in the vector `parameters`. */
  parameters: number
  /** How many of them, from the first on, have weight decay. */
  decayed: number
  /** Numbers in the vector `statistics`. */
  statistics: number
}

/** The layout of the vectors `parameters` and `statistics` for these parameters. */
export function layoutOf(specs: readonly ParameterSpec[]): FlatLayout {
  const slots: ParameterSlot[] = []
  const place = (vector: string, role: ParameterSpec['role'], from: number): number => {
    let offset = from
    for (const spec of specs) {
      if (spec.role !== role) continue
      slots.push({ path: spec.path, shape: spec.shape, vector, offset, size: sizeOf(spec.shape) })
      offset += sizeOf(spec.shape)
    }
    return offset
  }
  const decayed = place('parameters', 'weight', 0)
  const parameters = place('parameters', 'bias', decayed)
  const statistics = place('statistics', 'statistic', 0)
  return { slots, parameters, decayed, statistics }
}

/** The vectors with initial values, which are drawn from (seed, path). */
export function initialVectors(
  layout: FlatLayout,
  specs: readonly ParameterSpec[],
  seed: number,
): { parameters: Float32Array; statistics: Float32Array } {
  const vectors = {
    parameters: new Float32Array(layout.parameters),
    statistics: new Float32Array(layout.statistics),
  }
  const byPath = new Map(specs.map((spec) => [spec.path, spec]))
  for (const { path, vector, offset } of layout.slots)
    vectors[vector as keyof typeof vectors].set(initialValue(byPath.get(path)!, seed), offset)
  return vectors
}

/** Splits a flat vector into the tensors of `slots`, in their order. */
export function unflatten(flat: tf.Tensor1D, slots: readonly ParameterSlot[]): tf.Tensor[] {
  if (slots.length === 0) return []
  const pieces = tf.split(
    flat,
    slots.map((slot) => slot.size),
  )
  return pieces.map((piece, i) => tf.reshape(piece, slots[i].shape))
}

/** The inverse of {@link unflatten}. */
export function flatten(tensors: readonly tf.Tensor[]): tf.Tensor1D {
  return tf.concat1d(tensors.map((tensor) => tf.reshape(tensor, [tensor.size]) as tf.Tensor1D))
}
