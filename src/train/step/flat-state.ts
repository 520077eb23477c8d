/**
 * All trained numbers in one flat vector, weights first and biases behind them (so that weight decay is a
 * prefix), all statistics in another. One tensor in and one out of a compiled step; optimiser slots and
 * averages are vectors of the same layout.
 */
import * as tf from '@tensorflow/tfjs'
import { initialValue, type ParameterSpec } from '../../../models/index.js'
import { sizeOf } from '../../engine/index.js'
import type { ParameterSlot } from './step-types.js'

export interface FlatLayout {
  slots: ParameterSlot[]
  /** Numbers in `parameters`, and how many of them, from the first, are under weight decay. */
  parameters: number
  decayed: number
  statistics: number
}

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

/** Initial values, drawn from (seed, path). */
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

/** Cuts a flat vector into its tensors, in the layout's order. */
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
