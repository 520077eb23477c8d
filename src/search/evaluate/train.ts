/** The evaluator of the paper: each child is trained on its own, from its own random weights, for a short while. */
import type { EvaluationRow } from '../../train/tasks.js'
import type { Child, Evaluator } from './child.js'
import type { Machine } from './machine.js'
import { measureChild } from './measure.js'
import { medianStopper } from './median-stopping.js'
import { childConfig, loadChildData } from './recipe.js'
import type { TrainSettings } from './settings.js'

/** @throws DatasetError when the images are missing */
export async function trainEvaluator(settings: TrainSettings, machine: Machine): Promise<Evaluator> {
  const data = await loadChildData(settings, machine)
  const stopper = medianStopper(settings.stopBelow)
  return {
    evaluate(child: Child, signal: AbortSignal) {
      const stop = new AbortController()
      return measureChild(child, settings, data, machine, {
        config: childConfig(settings.space, data.run, child.decisions),
        signal,
        stopEarly: stop.signal,
        onEvaluation(row: EvaluationRow) {
          if (stopper.shouldStop(row)) stop.abort()
        },
      })
    },
    close: async () => {},
  }
}
