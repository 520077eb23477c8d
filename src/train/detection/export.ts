/** The trained detector as one ONNX file, and in a session. */
import * as tf from '@tensorflow/tfjs'
import { detect } from '../../../models/index.js'
import { compile, openSession, trace } from '../../engine/index.js'
import { UserError } from '../../shared/errors.js'
import { cardToMetadata, type DetectorCard } from '../../shared/model-card.js'
import { withChecksum } from '../../shared/model-checksum.js'
import { rejectsNonFinite } from '../run/divergence.js'
import { inferenceContext } from '../step/inference-context.js'
import type { StateVectors } from '../step/step-types.js'
import { detectorCard } from './card.js'
import type { DetectorRunConfig } from './config.js'
import { detectorOf } from './network.js'
import { detectorSpecs } from './step.js'
import type { Detector, RawDetections } from './step-types.js'

/**
 * The bytes of the ONNX file, with the inputs and outputs that `DetectorCard` describes. It has standard ONNX operations
 * only; a checksum covers the whole file (`model-checksum.ts`). `state`: the vectors `parameters` and `statistics` to
 * use.
 */
export function exportDetector(
  config: DetectorRunConfig,
  state: StateVectors,
  card: DetectorCard,
): Uint8Array {
  const classes = card.labels.length
  const { inputSize } = config
  const detector = detectorOf(config, classes)
  const trained = detectorSpecs(config, { imageSize: inputSize, classes })
  const traced = trace((tracer) => {
    const ctx = inferenceContext(trained, state)
    const images = tracer.input('images', [1, ...inputSize, 3])
    const [{ boxes, scores, classes }] = detect(
      detector,
      ctx,
      tf.sub(tf.mul(images, 2 / 255), 1) as tf.Tensor4D,
    )
    const oneImage = (x: tf.Tensor) => tf.expandDims(x, 0)
    return { boxes: oneImage(boxes), scores: oneImage(scores), classes: oneImage(classes) }
  })
  const { model } = compile(traced, { inputTypes: { images: 'uint8' }, metadata: cardToMetadata(card) })
  return withChecksum(model)
}

/** The exported detector in a worker thread, so that evaluation measures the graph that is served. */
export async function buildDetector(config: DetectorRunConfig, state: StateVectors): Promise<Detector> {
  return detectorFrom(exportDetector(config, state, detectorCard(config, 0)), config.inputSize)
}

const NO_BOXES =
  'The detector computes boxes that are not finite: its training has diverged; train it again with a lower learning rate'

/**
 * Opens an exported detector in a worker thread. `inputSize`: [height, width] in pixels. Its `run` throws a `UserError`
 * when the detector diverged in training.
 */
export async function detectorFrom(
  model: Uint8Array,
  inputSize: readonly [number, number],
): Promise<Detector> {
  const session = await openSession(model, { optimize: true })
  return {
    async run(image): Promise<RawDetections> {
      const images = { type: 'uint8' as const, shape: [1, ...inputSize, 3], data: image }
      const { boxes, scores, classes } = await session.run({ images }).catch((error) => {
        throw rejectsNonFinite(error) ? new UserError(NO_BOXES, { cause: error }) : error
      })
      return {
        boxes: boxes.data as Float32Array,
        scores: scores.data as Float32Array,
        classes: classes.data as Int32Array,
      }
    },
    close: () => session.close(),
  }
}
