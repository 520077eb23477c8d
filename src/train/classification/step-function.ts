/**
 * One training step of a classifier as a pure function of tensors: state in, state and metrics out. Traced, it
 * becomes the ONNX graph that training runs; called eagerly, it runs on any TensorFlow.js backend.
 */
import * as tf from '@tensorflow/tfjs'
import { classificationLoss } from '../../../models/index.js'
import { accumulatedState, type PassScalar } from '../step/accumulate.js'
import type { StepScalars } from '../step/compiled-step.js'
import type { ParameterSpecs } from '../step/contexts.js'
import { differentiate, type StateTensors } from '../step/differentiate.js'
import type { FlatLayout } from '../step/flat-state.js'
import { frozenParts, keepFrozen, layerRates } from '../step/freeze.js'
import type { RunConfig } from './config.js'
import { type Network, networkConfig } from './network.js'
import { type PairTensors, pairCorrect, pairLoss } from './pairs.js'

export interface StepTensors extends StepScalars, PassScalar, Partial<PairTensors> {
  /** N × S × S × 3 in [−1, 1]. */
  images: tf.Tensor4D
  /** N, int32. */
  labels: tf.Tensor1D
}

export type StepOutputs = { state: StateTensors } & Record<'loss' | 'correct' | 'gradientNorm', tf.Scalar>

/** Builds the step of a network with these parameters. `layout`: the layout of its state vectors. */
export function stepFunction(
  config: RunConfig,
  network: Network,
  { specs, layout, classes }: { specs: ParameterSpecs; layout: FlatLayout; classes: number },
) {
  const { labelSmoothing, auxiliaryWeight, layerDecay = 1, freeze } = config
  const settings = networkConfig(config, classes)
  const frozen = frozenParts(settings, freeze)
  const rates = layerDecay === 1 ? null : layerRates(settings, layout, layerDecay)
  return (state: StateTensors, inputs: StepTensors): StepOutputs => {
    const { images, labels } = inputs
    const pairs = pairsOf(inputs)
    const pass = differentiate(
      (ctx) => {
        const outputs = network(ctx, images)
        const predicted = tf.argMax(outputs.logits, 1) as tf.Tensor1D
        return pairs === null
          ? {
              loss: classificationLoss(outputs, labels, { labelSmoothing, auxiliaryWeight }),
              metrics: {
                loss: classificationLoss({ logits: outputs.logits }, labels, { labelSmoothing }),
                correct: tf.sum(tf.cast(tf.equal(predicted, labels), 'float32')) as tf.Scalar,
              },
            }
          : pairedLoss(outputs, predicted, labels, pairs)
      },
      { specs, layout },
      state,
      inputs,
    )
    const rated =
      rates === null
        ? inputs
        : { ...inputs, learningRate: tf.mul(inputs.learningRate, tf.tensor1d(rates)) as tf.Tensor1D }
    const after = accumulatedState({ accumulate: 1, ...config }, layout, state, pass, rated)
    return { ...after, ...pass.metrics, state: keepFrozen(after.state, layout, frozen) }
  }

  function pairedLoss(
    { logits, auxiliary }: ReturnType<Network>,
    predicted: tf.Tensor1D,
    labels: tf.Tensor1D,
    pairs: PairTensors,
  ) {
    const lossOf = (of: tf.Tensor2D): tf.Scalar => pairLoss(of, labels, pairs, labelSmoothing)
    const main = lossOf(logits)
    return {
      loss:
        auxiliary === undefined
          ? main
          : (tf.add(main, tf.mul(lossOf(auxiliary), auxiliaryWeight)) as tf.Scalar),
      metrics: { loss: lossOf(logits), correct: pairCorrect(predicted, labels, pairs) },
    }
  }
}

function pairsOf({ weights, otherLabels, otherWeights }: StepTensors): PairTensors | null {
  return weights && otherLabels && otherWeights ? { weights, otherLabels, otherWeights } : null
}
