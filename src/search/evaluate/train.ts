/** The evaluator of the paper: each child is trained on its own, from its own random weights, for a short while. */
import type { EvaluationRow } from '../../train/run/metrics.js'
import type { Child, Evaluator } from './child.js'
import type { Machine } from './machine.js'
import { measureChild } from './measure.js'
import { type ChildRecipe, childConfig, loadChildData } from './recipe.js'

export interface TrainSettings extends ChildRecipe {
  kind: 'train'
  /**
   * A child whose accuracy at one of its evaluations is below this quantile of the accuracies that the children
   * before it had there is given up; 0: none is.
   */
  hopelessBelow: number
}

/** So many children must have come by before one is called hopeless. */
const LEAST_COMPANY = 10

/** @throws DatasetError when the images are missing */
export async function trainEvaluator(settings: TrainSettings, machine: Machine): Promise<Evaluator> {
  const data = await loadChildData(settings, machine)
  const company = companyOf(settings.hopelessBelow)
  return {
    evaluate(child: Child, signal: AbortSignal) {
      const hopeless = new AbortController()
      return measureChild(child, settings, data, machine, {
        config: childConfig(settings.space, data.run, child.decisions),
        signal,
        giveUp: hopeless.signal,
        onEvaluation(row: EvaluationRow) {
          if (company.isHopeless(row)) hopeless.abort()
        },
      })
    },
    close: async () => {},
  }
}

/**
 * Remembers how earlier children stood at each step, to tell those that will not become anything: the stopping rule
 * of Golovin et al., "Google Vizier" (2017), with a quantile in place of the median.
 */
export function companyOf(quantile: number): {
  isHopeless(row: Pick<EvaluationRow, 'step' | 'top1'>): boolean
} {
  const seen = new Map<number, number[]>()
  return {
    isHopeless({ step, top1 }) {
      const others = seen.get(step) ?? []
      const noBetter = others.filter((other) => other <= top1).length
      seen.set(step, [...others, top1])
      return others.length >= LEAST_COMPANY && noBetter < quantile * others.length
    },
  }
}
