/** Early stopping of children that do worse than most others did at the same step. */
import type { EvaluationRow } from '../../train/tasks.js'

/** So many children must have been evaluated at a step before one is stopped there. */
const LEAST_OTHERS = 10

export interface MedianStopper {
  /** Whether a child that reached this accuracy at this step is to be stopped. Remembers it for those to come. */
  shouldStop(row: Pick<EvaluationRow, 'step' | 'top1'>): boolean
}

/**
 * The median stopping rule of Golovin et al., "Google Vizier" (2017), with a quantile in place of the median: a child
 * stops when its accuracy at a step is below this quantile, in [0, 1], of the accuracies that earlier children had at
 * that step; with 0 none stops.
 */
export function medianStopper(quantile: number): MedianStopper {
  const seen = new Map<number, number[]>()
  return {
    shouldStop({ step, top1 }) {
      const others = seen.get(step) ?? []
      const noBetter = others.filter((other) => other <= top1).length
      seen.set(step, [...others, top1])
      return others.length >= LEAST_OTHERS && noBetter < quantile * others.length
    },
  }
}
