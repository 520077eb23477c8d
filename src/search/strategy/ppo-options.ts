/** The controller's settings. */
import { integer, number, record } from '../../shared/schema.js'

export interface PpoOptions {
  /** Units of the LSTM. */
  hidden: number
  /** Of Adam. */
  learningRate: number
  /** What a nat of an architecture's entropy is worth in reward. */
  entropyWeight: number
  /** ε: how far PPO lets a decision's probability move from where it was sampled, as a share of it. */
  clip: number
  /** Steps on each batch. */
  epochs: number
  /** Architectures in a batch. */
  batch: number
  /** Of the exponential moving average of rewards that is the baseline; it decays by this with every reward. */
  baselineDecay: number
  /** Length from which on gradients are shortened. */
  gradientNorm: number
}

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

/** The options, checked. Throws a `UserError` that names the one that cannot be. */
export const ppoOptions = record<PpoOptions>({
  hidden: integer(1),
  learningRate: number({ above: 0 }),
  entropyWeight: number({ from: 0 }),
  clip: number({ above: 0, below: 1 }),
  epochs: integer(1),
  batch: integer(1),
  baselineDecay: number({ from: 0, below: 1 }),
  gradientNorm: number({ above: 0 }),
})
