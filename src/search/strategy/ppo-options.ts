/** The controller's settings. */
import * as z from 'zod/mini'
import { number, wholeNumber } from '../../shared/validation.js'

export const ppoOptions = z.strictObject({
  /** Units of the LSTM. */
  hidden: wholeNumber(1),
  /** Of Adam. */
  learningRate: number({ above: 0 }),
  /** What a nat of an architecture's entropy is worth in reward. */
  entropyWeight: number({ from: 0 }),
  /** ε: how far PPO lets a decision's probability move from where it was sampled, as a share of it. */
  clip: number({ above: 0, below: 1 }),
  /** Steps on each batch. */
  epochs: wholeNumber(1),
  /** Architectures in a batch. */
  batch: wholeNumber(1),
  /** Of the exponential moving average of rewards that is the baseline; it decays by this with every reward. */
  baselineDecay: number({ from: 0, below: 1 }),
  /** Length from which on gradients are shortened. */
  gradientNorm: number({ above: 0 }),
})
export type PpoOptions = z.infer<typeof ppoOptions>

/** Appendix A of Zoph et al. 2018; epochs and gradient norm, of which it says nothing, are those usual with PPO. */
export const paperController: PpoOptions = {
  hidden: 100,
  learningRate: 0.00035,
  entropyWeight: 0.00001,
  clip: 0.2,
  epochs: 4,
  batch: 20,
  baselineDecay: 0.95,
  gradientNorm: 0.5,
}

/**
 * For budgets of some hundred children, which the paper's rate would spend before it has moved. Chosen on planted
 * rewards in the paper's space (B = 5) so that 150 to 400 children do: smaller batches and wider steps. More entropy
 * weight keeps the policy from settling where rewards flatten towards the top, less settles on the first good one.
 */
export const smallController: PpoOptions = {
  ...paperController,
  learningRate: 0.0035,
  entropyWeight: 0.0005,
  clip: 0.3,
  epochs: 5,
  batch: 10,
}
