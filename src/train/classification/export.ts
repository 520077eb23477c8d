/** The trained network as one ONNX file, and as a predictor. */
import * as tf from '@tensorflow/tfjs'
import { cardToMetadata, type ModelCard } from '../../shared/model-card.js'
import { withChecksum } from '../../shared/model-checksum.js'
import { imageGraph, openImageGraph } from '../step/image-graph.js'
import type { StateVectors } from '../step/step-types.js'
import type { RunConfig } from './config.js'
import { networkOf } from './network.js'
import { classifierSpecs } from './step.js'
import type { Predictor } from './step-types.js'

/**
 * The bytes of the ONNX file: input `images` (uint8, batch × S × S × 3, RGB), output `probabilities` (float32,
 * batch × classes). Scaling and softmax are in the graph, which has standard ONNX operations only; a checksum covers the
 * whole file (`model-checksum.ts`). `state`: the vectors `parameters` and `statistics` to use.
 */
export async function exportModel(
  config: RunConfig,
  state: StateVectors,
  card: ModelCard,
): Promise<Uint8Array> {
  return withChecksum(exportGraph(config, state, card.inputSize[0], card.labels.length, cardToMetadata(card)))
}

function exportGraph(
  config: RunConfig,
  state: StateVectors,
  imageSize: number,
  classes: number,
  metadata: Record<string, string>,
): Uint8Array {
  const network = networkOf(config, classes)
  // The layout is that of training: the weights of an auxiliary head have slots, although it is not exported.
  const trained = classifierSpecs(network, 1, imageSize)
  return imageGraph({ specs: trained, state, imageSize, metadata }, (ctx, images) => ({
    probabilities: tf.softmax(network(ctx, images).logits),
  }))
}

/** The exported network in a worker thread, so that evaluation measures the graph that is served. */
export async function buildPredictor(
  config: RunConfig,
  state: StateVectors,
  { imageSize, classes }: { batch: number; imageSize: number; classes: number },
  options: { threads?: number } = {},
): Promise<Predictor> {
  return predictorFrom(exportGraph(config, state, imageSize, classes, {}), imageSize, options)
}

/** A predictor from the bytes of an exported model. `threads`: by default all cores. */
export async function predictorFrom(
  model: Uint8Array,
  imageSize: number,
  { threads }: { threads?: number } = {},
): Promise<Predictor> {
  return openImageGraph(model, { imageSize, output: 'probabilities', threads })
}
