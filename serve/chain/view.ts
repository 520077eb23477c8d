/** What the page of a chain shows: data alone, which whoever runs the chain fills in. */
import type { Task } from '../outputs.js'

export type StageState = 'waiting' | 'working' | 'done' | 'stopped' | 'failed'

export interface StageView {
  /** In the address of its figures. */
  name: string
  /** For example `Search cells`. */
  title: string
  /** A sentence on what the stage does. */
  purpose: string
  state: StageState
  /** How far it is, from 0 to 1. */
  done: number
  /** The latest numbers, or the result, or why it failed; may be empty. */
  text: string
  /** Seconds of its time that are left, while it works or waits. */
  secondsLeft: number
  figures: readonly FigureView[]
}

export interface FigureView {
  name: string
  /** Said below it, and to people who do not see it. */
  caption: string
  type: 'svg' | 'png'
  body: string | Uint8Array
}

export interface ChainView {
  stages: readonly StageView[]
  /** The tasks that a model is served for. */
  served: ReadonlySet<Task>
  /** Seconds until the model of a task can be expected; missing when none will come without a new start. */
  secondsUntil: Partial<Record<Task, number>>
  /** One sentence on the whole. */
  summary: string
}
