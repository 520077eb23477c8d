/** What an imported run answers. */
import type * as tf from '@tensorflow/tfjs'
import { readModel } from '../../../src/shared/read-model.js'
import { predictorFrom } from '../../../src/train/classification/export.js'
import { networkOf } from '../../../src/train/classification/network.js'
import { classifierSpecs } from '../../../src/train/classification/step.js'
import { newestCheckpoint } from '../../../src/train/run/run-folder.js'
import { imageGraph, openImageGraph } from '../../../src/train/step/image-graph.js'
import { readConfig } from '../../../src/train/tasks.js'

/** Logits of a run's network for one picture. */
export async function logitsOf(folder: string, picture: Uint8Array): Promise<Float32Array> {
  const config = await readConfig(folder)
  const { state } = (await newestCheckpoint(folder))!
  const { classes, imageSize } = config.data
  const network = networkOf(config, classes!.length)
  const specs = classifierSpecs(network, 1, imageSize!)
  const model = imageGraph({ specs, state, imageSize: imageSize! }, (ctx, images) => ({
    logits: network(ctx, images).logits as tf.Tensor,
  }))
  const session = await openImageGraph(model, { imageSize: imageSize!, output: 'logits' })
  try {
    return await session.run(picture.slice(), 1)
  } finally {
    await session.close()
  }
}

export const softmax = (logits: readonly number[]): number[] => {
  const largest = Math.max(...logits)
  const powers = logits.map((logit) => Math.exp(logit - largest))
  const sum = powers.reduce((total, power) => total + power, 0)
  return powers.map((power) => power / sum)
}

/** The largest difference of two lists of equal length. */
export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY
  return Array.from(a).reduce((largest, value, i) => Math.max(largest, Math.abs(value - b[i])), 0)
}

/** Probabilities that an exported model gives for a picture. */
export async function exportedAnswer(model: string, picture: Uint8Array): Promise<Float32Array> {
  const { card, bytes } = await readModel(model)
  const predictor = await predictorFrom(bytes, card.inputSize[0])
  try {
    return await predictor.run(picture.slice(), 1)
  } finally {
    await predictor.close()
  }
}
