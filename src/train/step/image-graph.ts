/** A trained network as an ONNX graph that takes the bytes of square images, and a session that runs it. */
import * as tf from '@tensorflow/tfjs'
import type { Context } from '../../../models/index.js'
import { compile, openSession, trace } from '../../engine/index.js'
import type { ParameterSpecs } from './contexts.js'
import { inferenceContext } from './inference-context.js'
import type { StateVectors } from './step-types.js'

/** Represents the symbolic batch size while tracing. No other axis has this length. */
const TRACED_BATCH = 10007

export interface ImageGraphOptions {
  /** The parameters of the network in training: they say where its weights are in `state`. */
  specs: ParameterSpecs
  state: StateVectors
  /** S, the side of the images in pixels. */
  imageSize: number
  metadata?: Record<string, string>
}

/**
 * The bytes of the ONNX file: input `images` (uint8, batch × S × S × 3, RGB), outputs as `network` names them. The
 * network receives the images scaled to [−1, 1].
 */
export function imageGraph(
  { specs, state, imageSize, metadata }: ImageGraphOptions,
  network: (ctx: Context, images: tf.Tensor4D) => Record<string, tf.Tensor>,
): Uint8Array {
  const traced = trace((tracer) => {
    const ctx = inferenceContext(specs, state)
    const images = tracer.input('images', [TRACED_BATCH, imageSize, imageSize, 3], 'float32', true)
    return network(ctx, tf.sub(tf.mul(images, 2 / 255), 1) as tf.Tensor4D)
  })
  return compile(traced, { symbolicBatch: TRACED_BATCH, inputTypes: { images: 'uint8' }, metadata }).model
}

export interface OpenImageGraph {
  /** uint8 images, count × S × S × 3 → the numbers of one output. The buffer of `images` is transferred. */
  run(images: Uint8Array, count: number): Promise<Float32Array>
  close(): Promise<void>
}

/** Opens such a graph in a worker thread. `output`: the output to return. `threads`: by default all cores. */
export async function openImageGraph(
  model: Uint8Array,
  { imageSize, output, threads }: { imageSize: number; output: string; threads?: number },
): Promise<OpenImageGraph> {
  const session = await openSession(model, { optimize: true, threads })
  return {
    async run(images, count) {
      const shape = [count, imageSize, imageSize, 3]
      const results = await session.run({ images: { type: 'uint8', shape, data: images } })
      return results[output].data as Float32Array
    },
    close: () => session.close(),
  }
}
