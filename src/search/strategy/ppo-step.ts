/** One step of proximal policy optimization (Schulman et al. 2017) as a pure function of tensors: state in, state out. */
import * as tf from '@tensorflow/tfjs'
import type { OptimizerConfig } from '../../train/settings/config.js'
import { optimizerOf } from '../../train/step/optimizers.js'
import { clipByNorm } from '../../train/step/update.js'
import { type Controller, evaluate } from './controller.js'
import type { PpoOptions } from './ppo-options.js'

export interface PpoBatch {
  /** n × D, int32. */
  decisions: tf.Tensor2D
  /** n × D, as they were when the architectures were sampled. */
  logProbabilities: tf.Tensor2D
  /** n: rewards less the baseline. */
  advantages: tf.Tensor1D
}

/** The published defaults of Adam (Kingma and Ba 2015). */
export const ADAM: OptimizerConfig = { kind: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }

/**
 * What is minimised: −mean(min(ρ·A, clip(ρ, 1 − ε, 1 + ε)·A)) − entropy weight · mean entropy, the surrogate of
 * Schulman et al. 2017, equation 7, summed over an architecture's decisions.
 *
 * ρ is the ratio of a decision's probability now to that when it was sampled: each decision is an action, all of them
 * with the architecture's advantage, as PPO has it for the steps of an episode. (One ratio for the whole architecture
 * would let all decisions together move by ε only.)
 */
export function ppoLoss(
  controller: Controller,
  { clip, entropyWeight }: Pick<PpoOptions, 'clip' | 'entropyWeight'>,
  parameters: tf.Tensor1D,
  batch: PpoBatch,
): tf.Scalar {
  const { logProbabilities, entropies } = evaluate(controller, parameters, batch.decisions)
  const ratios = tf.exp(tf.sub(logProbabilities, batch.logProbabilities))
  const advantages = tf.expandDims(batch.advantages, 1)
  const surrogate = tf.minimum(
    tf.mul(ratios, advantages),
    tf.mul(tf.clipByValue(ratios, 1 - clip, 1 + clip), advantages),
  )
  return tf.neg(tf.add(tf.mean(tf.sum(surrogate, 1)), tf.mul(tf.mean(entropies), entropyWeight)))
}

/** Parameters and Adam's two moments, flat vectors of equal length. */
export interface PpoState {
  parameters: tf.Tensor1D
  firstMoment: tf.Tensor1D
  secondMoment: tf.Tensor1D
}

/** The state after one step on a batch; `step`: steps done before this one. */
export function ppoStep(
  controller: Controller,
  options: Pick<PpoOptions, 'clip' | 'entropyWeight' | 'learningRate' | 'gradientNorm'>,
  state: PpoState,
  batch: PpoBatch,
  step: tf.Scalar,
): { state: PpoState; loss: tf.Scalar; gradientNorm: tf.Scalar } {
  const { value, grads } = tf.valueAndGrads((parameters: tf.Tensor) =>
    ppoLoss(controller, options, parameters as tf.Tensor1D, batch),
  )([state.parameters])
  const { clipped, norm } = clipByNorm(grads[0] as tf.Tensor1D, options.gradientNorm)
  const { firstMoment, secondMoment } = state
  const { parameters, slots } = optimizerOf(ADAM).apply(
    state.parameters,
    clipped,
    { firstMoment, secondMoment },
    tf.scalar(options.learningRate),
    step,
  )
  return {
    state: { parameters, firstMoment: slots.firstMoment, secondMoment: slots.secondMoment },
    loss: value as tf.Scalar,
    gradientNorm: norm,
  }
}
