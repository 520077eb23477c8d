/** One training pass of a detector as a pure function of tensors: state in, state and metrics out. */
import * as tf from '@tensorflow/tfjs'
import { detectionLosses, type FasterRcnn } from '../../../models/index.js'
import { accumulatedState, type PassScalar } from '../step/accumulate.js'
import type { StepScalars } from '../step/compiled-step.js'
import type { ParameterSpecs } from '../step/contexts.js'
import { differentiate, type StateTensors } from '../step/differentiate.js'
import type { FlatLayout } from '../step/flat-state.js'
import { keepFrozen } from '../step/freeze.js'
import type { DetectorRunConfig } from './config.js'
import { frozenOf } from './network.js'

export interface DetectorStepTensors extends StepScalars, PassScalar {
  /** N × H × W × 3 in [−1, 1]. */
  images: tf.Tensor4D
  /** N × G × 4 in pixels. */
  boxes: tf.Tensor3D
  /** N × G, int32: class, or `NO_OBJECT`, or `CROWD`. */
  labels: tf.Tensor2D
}

/** Names of the scalars that a step returns, as outputs of its graph. */
export const STEP_METRICS = [
  'loss',
  'objectness',
  'anchorBoxes',
  'classification',
  'boxes',
  'gradientNorm',
] as const
export type StepMetric = (typeof STEP_METRICS)[number]

/** The losses of N images, weighted, and their sum. */
export const lossesOf = (
  detector: FasterRcnn,
  ctx: Parameters<typeof detectionLosses>[1],
  { images, boxes, labels }: Pick<DetectorStepTensors, 'images' | 'boxes' | 'labels'>,
) => {
  const [boxesOf, labelsOf] = [tf.unstack(boxes) as tf.Tensor2D[], tf.unstack(labels) as tf.Tensor1D[]]
  const groundTruth = boxesOf.map((box, image) => ({ boxes: box, labels: labelsOf[image] }))
  const losses = detectionLosses(detector, ctx, images, groundTruth)
  return { loss: tf.addN(Object.values(losses)) as tf.Scalar, ...losses }
}

/** Builds the step of a detector with these parameters. `layout`: the layout of its state vectors. */
export function detectorStepFunction(
  config: DetectorRunConfig,
  detector: FasterRcnn,
  specs: ParameterSpecs,
  layout: FlatLayout,
) {
  const frozen = frozenOf(config)
  return (
    state: StateTensors,
    inputs: DetectorStepTensors,
  ): { state: StateTensors } & Record<StepMetric, tf.Scalar> => {
    const pass = differentiate(
      (ctx) => {
        const metrics = lossesOf(detector, ctx, inputs)
        return { loss: metrics.loss, metrics }
      },
      { specs, layout },
      state,
      inputs,
    )
    const after = accumulatedState(config, layout, state, pass, inputs)
    return { ...after, ...pass.metrics, state: keepFrozen(after.state, layout, frozen) }
  }
}
