/** Evaluators by the settings that describe them, so that other processes and other machines make the same ones. */
import { UserError } from '../errors.js'
import type { Evaluator } from './queue.js'

/** Plain data that JSON carries: `kind` says which evaluator, everything else is that evaluator's own. */
export interface EvaluatorSettings {
  kind: string
}

/** What the machine that evaluates decides for itself. */
export interface Machine {
  /** Threads that a child computes with. */
  threads?: number
  /** Where fetched data sets lie. */
  dataFolder?: string
}

/** @throws an error that the user can mend when no child can be evaluated here (data missing, say) */
export type CreateEvaluator = (settings: EvaluatorSettings, machine: Machine) => Promise<Evaluator>

/** Loaded only where they are used: they bring TensorFlow.js. */
const kinds: Record<string, () => Promise<CreateEvaluator>> = {}

/** The evaluator that the settings describe, on this machine. */
export const createEvaluator: CreateEvaluator = async (settings, machine) => {
  if (!Object.hasOwn(kinds, settings.kind))
    throw new UserError(`There is no evaluator "${settings.kind}"; there is ${Object.keys(kinds).join(', ')}`)
  const create = await kinds[settings.kind]()
  return create(settings, machine)
}
