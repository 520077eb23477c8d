/** Messages between the process of a stage and the one that started it. */
import type { StageResults } from './chain-folder.js'
import type { ChainPlan, StageName } from './plan.js'

/** What a stage is given. */
export interface StageOrder {
  /** Of the chain. */
  folder: string
  plan: ChainPlan
  /** That are left of the stage's time. */
  seconds: number
}

export type Order =
  | { kind: 'run'; stage: StageName; order: StageOrder }
  /** Write down what there is and end. */
  | { kind: 'stop' }

/** What a stage tells while it works. */
export type StageNews =
  /** How far it is, from 0 to 1, and a few words with the latest numbers. */
  | { kind: 'progress'; done: number; text: string }
  /** A sentence for people. */
  | { kind: 'note'; text: string }
  /** The journal or the metrics in its folder have grown. */
  | { kind: 'grown' }
  /** A model was exported, perhaps again. */
  | { kind: 'model'; path: string }

export type Report =
  | StageNews
  /** The end; without a result, a person stopped it. */
  | { kind: 'ended'; result: StageResults[StageName] | null }
  /** It cannot go on, for a reason that the user can fix. */
  | { kind: 'refused'; message: string }
  /** A bug. */
  | { kind: 'broken'; message: string }
