/** Evaluators by the settings that describe them, so that other processes and other machines make the same ones. */
import { UserError } from '../../shared/errors.js'
import type { Evaluator } from './child.js'
import type { Machine } from './machine.js'
import type { ReconstructSettings, SharedSettings, TrainSettings } from './settings.js'

/** Plain data that JSON carries: `kind` says which evaluator, everything else is that evaluator's own. */
export interface EvaluatorSettings {
  kind: string
}

/** @throws an error that the user can fix when no child can be evaluated here (data missing, say) */
export type CreateEvaluator = (settings: EvaluatorSettings, machine: Machine) => Promise<Evaluator>

/** Loaded only where they are used: they bring TensorFlow.js. */
const kinds: Record<string, () => Promise<CreateEvaluator>> = {
  train: async () => {
    const { trainEvaluator } = await import('./train.js')
    return (settings, machine) => trainEvaluator(settings as TrainSettings, machine)
  },
  reconstruct: async () => {
    const { reconstructEvaluator } = await import('./reconstruct.js')
    return (settings, machine) => reconstructEvaluator(settings as ReconstructSettings, machine)
  },
  shared: async () => {
    const { sharedEvaluator } = await import('./shared.js')
    return (settings, machine) => sharedEvaluator(settings as SharedSettings, machine)
  },
}

/** The evaluator that the settings describe, on this machine. */
export const createEvaluator: CreateEvaluator = async (settings, machine) => {
  if (!Object.hasOwn(kinds, settings.kind))
    throw new UserError(`There is no evaluator "${settings.kind}"; there is ${Object.keys(kinds).join(', ')}`)
  const create = await kinds[settings.kind]()
  return create(settings, machine)
}
