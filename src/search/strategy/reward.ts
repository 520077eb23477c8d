/** From what was measured of a child to the reward that its strategy learns from. */
import * as z from 'zod/mini'
import { number } from '../../shared/validation.js'
import type { ChildResult, Measured } from '../evaluate/child.js'

/**
 * Quality alone, or weighed against a cost as in MnasNet (Tan et al. 2019, equation 2): quality × (cost / target) ^
 * exponent. An exponent of −0.07 holds twice the cost worth 5 % of the quality.
 */
export const rewardConfig = z.strictObject({
  cost: z.nullable(z.enum(['multiplyAdds', 'latencyMillis'])),
  /** The cost that leaves the quality as it is; in multiply-adds or milliseconds for one image. */
  target: number({ above: 0 }),
  /** At most 0. */
  exponent: number({ to: 0 }),
})
export type RewardConfig = z.infer<typeof rewardConfig>

export const qualityAlone: RewardConfig = { cost: null, target: 1, exponent: 0 }
/** MnasNet's. */
export const usualExponent = -0.07

/** A cost that is less than this share of its target counts as this share: none is free. */
const LEAST_COST = 1e-3

export function rewardOf({ cost, target, exponent }: RewardConfig, measured: Measured): number {
  if (cost === null) return measured.quality
  const share = (measured[cost] ?? target) / target
  return measured.quality * Math.max(share, LEAST_COST) ** exponent
}

/** The reward of a result: 0 for a child that failed. */
export function rewardOfResult(config: RewardConfig, result: ChildResult): number {
  return result.kind === 'measured' ? rewardOf(config, result.measured) : 0
}
