/** Which of the served models answers a request. */
import type { Inference } from './inference.js'
import type { Task } from './outputs.js'
import { Problem } from './problem.js'

/** The path of each task, and the noun for its models. */
export const taskRoutes: Record<Task, { path: string; noun: string }> = {
  classification: { path: '/classify', noun: 'classifier' },
  detection: { path: '/detect', noun: 'detector' },
}

function isFor<T extends Task>(inference: Inference, task: T): inference is Inference<T> & Inference {
  return inference.card.task === task
}

/**
 * The model of that name, or the only one for the task.
 *
 * @param models As `ServedModels.byName` has them.
 * @param name NAME, which is the newest version of that name, or NAME@VERSION.
 * @throws Problem 400 for a model of another task, or when there are several and none is named; 404 when there is none
 */
export function chooseModel<T extends Task>(
  models: ReadonlyMap<string, Inference>,
  task: T,
  name: string | undefined,
): Inference<T> {
  const { noun } = taskRoutes[task]
  const fit = [...models].filter(([, model]) => isFor(model, task))
  const names = `served here: ${fit.map(([key]) => key).join(', ') || 'none'}`
  if (name === undefined) {
    const newest = [...models.values()]
      .filter((model) => isFor(model, task))
      .filter((model) => models.get(model.card.name) === model)
    if (newest.length === 1) return newest[0]
    if (newest.length > 1)
      throw new Problem(400, `Several ${noun}s are served; choose one with "?model=NAME" (${names}).`)
    const others = [...models.values()].map(({ card }) => `${card.name} at ${taskRoutes[card.task].path}`)
    throw new Problem(404, `No ${noun} is served here; there is ${others.join(', ')}.`)
  }
  const model =
    models.get(name) ?? [...models.values()].find(({ card, version }) => `${card.name}@${version}` === name)
  if (model === undefined) throw new Problem(404, `There is no ${noun} "${name}" (${names}).`)
  if (isFor(model, task)) return model
  const its = taskRoutes[model.card.task]
  const or = fit.length > 0 ? `, or choose a ${noun} (${names})` : ''
  throw new Problem(400, `The model "${name}" is a ${its.noun}; ask it at ${its.path}${or}.`)
}
