/**
 * `journal.jsonl` in a search's folder: everything that happened, one JSON object a line, appended and flushed before
 * anything else is done about it. The search's state is what replaying it gives: so a kill at any moment loses at most
 * the children in flight, which are handed out again.
 */
import * as z from 'zod/mini'
import { number, text, wholeNumber } from '../../shared/validation.js'
import { childResult } from '../evaluate/child.js'
import type { StrategyFigures } from '../strategy/strategy.js'

const amount = number({ from: 0 })
const id = wholeNumber(0)

/** The strategy was asked for a child. */
const asked = z.strictObject({ kind: z.literal('asked'), id, decisions: z.array(wholeNumber(0)) })
export type AskedEvent = z.infer<typeof asked>

/** Figures that were not finite have become null in JSON. */
const figures = z.record(z.string(), z.nullable(z.number())) as unknown as z.ZodMiniType<StrategyFigures>

/** The strategy was told the reward of a child. */
const told = z.strictObject({
  kind: z.literal('told'),
  result: childResult,
  /** Seconds of search until then, over all runs. */
  seconds: amount,
  reward: amount,
  figures,
})
export type ToldEvent = z.infer<typeof told>

/** Shared weights were trained before the search, outside of its budget. */
const warmed = z.strictObject({
  kind: z.literal('warmed'),
  /** Rounds that are done. */
  rounds: wholeNumber(0),
  /** Since the last such event of this run. */
  seconds: amount,
  /** That computed at the same time. */
  threads: wholeNumber(1),
})
export type WarmedEvent = z.infer<typeof warmed>

/** The processes that evaluate on the search's own machine. */
const workforce = z.strictObject({
  /** Children at a time. */
  processes: wholeNumber(1),
  /** That each computes with. */
  threads: wholeNumber(1),
})
export type Workforce = z.infer<typeof workforce>

/** A session began: the first, or one after a stop or a kill; `seconds` is the time of search before it. */
const session = z.strictObject({
  kind: z.literal('session'),
  seconds: amount,
  /** ISO 8601. */
  at: text(),
  /** Missing with workers on other machines, whose number changes. */
  workforce: z.optional(workforce),
})
export type SessionEvent = z.infer<typeof session>

/** Kinds of events that version 0.1 wrote, and their names now. */
export const earlierKinds: Readonly<Record<string, string>> = { sitting: 'session' }

/** Time that the search itself took since the last such event: asking, telling, writing; not the evaluators'. */
const overhead = z.strictObject({
  kind: z.literal('overhead'),
  seconds: amount,
  strategySeconds: amount,
  journalSeconds: amount,
})
export type OverheadEvent = z.infer<typeof overhead>

/** One of the best children, trained longer at the end. */
const retrained = z.strictObject({
  kind: z.literal('retrained'),
  id,
  quality: amount,
  /** Of autoencoders: mean squared error on the validation images, for pixels in [0, 1]. */
  reconstructionError: z.optional(amount),
  seconds: amount,
})
export type RetrainedEvent = z.infer<typeof retrained>

export const journalEvent = z.discriminatedUnion('kind', [asked, told, warmed, session, overhead, retrained])
export type JournalEvent = z.infer<typeof journalEvent>
