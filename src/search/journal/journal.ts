/**
 * `journal.jsonl` in a search's folder: everything that happened, one JSON object a line, appended and flushed before
 * anything else is done about it. The search's state is what replaying it gives: so a kill at any moment loses at most
 * the children in flight, which are handed out again.
 */
import type { ChildResult } from '../evaluate/child.js'
import type { Decisions } from '../space/space.js'
import type { StrategyFigures } from '../strategy/strategy.js'

/** The strategy was asked for a child. */
export interface AskedEvent {
  kind: 'asked'
  id: number
  decisions: Decisions
}

/** The strategy was told the reward of a child. */
export interface ToldEvent {
  kind: 'told'
  result: ChildResult
  /** Seconds of search until then, over all runs. */
  seconds: number
  reward: number
  figures: StrategyFigures
}

/** Shared weights were trained before the search, outside of its budget. */
export interface WarmedEvent {
  kind: 'warmed'
  /** Rounds that are done. */
  rounds: number
  /** Since the last such event of this run. */
  seconds: number
  /** That computed at the same time. */
  threads: number
}

/** The processes that evaluate on the search's own machine. */
export interface Workforce {
  /** Children at a time. */
  processes: number
  /** That each computes with. */
  threads: number
}

/** A run began: the first, or one after a stop or a kill; `seconds` is the time of search before it. */
export interface SittingEvent {
  kind: 'sitting'
  seconds: number
  /** ISO 8601. */
  at: string
  /** Missing with workers on other machines, whose number changes. */
  workforce?: Workforce
}

/** Time that the search itself took since the last such event: asking, telling, writing; not the evaluators'. */
export interface OverheadEvent {
  kind: 'overhead'
  seconds: number
  strategySeconds: number
  journalSeconds: number
}

/** One of the best children, trained longer at the end. */
export interface RetrainedEvent {
  kind: 'retrained'
  id: number
  quality: number
  /** Of autoencoders: mean squared error on the validation images, for pixels in [0, 1]. */
  reconstructionError?: number
  seconds: number
}

export type JournalEvent =
  | WarmedEvent
  | SittingEvent
  | AskedEvent
  | ToldEvent
  | OverheadEvent
  | RetrainedEvent
