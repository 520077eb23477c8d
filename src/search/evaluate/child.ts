/** A child: one architecture to be evaluated, its result, and the interface of what evaluates it. */
import * as z from 'zod/mini'
import { number, text, wholeNumber } from '../../shared/validation.js'
import type { Decisions } from '../space/space.js'

/** What is handed to a worker. */
export interface Child {
  /** Counts from 0 within a search, in the order of proposal. */
  id: number
  decisions: Decisions
}

const amount = number({ from: 0 })

const childSeconds = z.strictObject({
  /** Tracing, lowering and opening sessions. */
  compile: amount,
  train: amount,
  measure: amount,
})
/** Seconds that each part of an evaluation took. */
export type ChildSeconds = z.infer<typeof childSeconds>

const measured = z.strictObject({
  /** Validation accuracy in [0, 1] of classifiers; of autoencoders the share of the pixels' variance explained. */
  quality: amount,
  /** Of autoencoders: mean squared error on the validation images, for pixels in [0, 1]. */
  reconstructionError: z.optional(amount),
  /** Trainable parameters. */
  parameters: amount,
  /** Of one image at the size that the child was trained at. */
  multiplyAdds: amount,
  /** Milliseconds for one image, if the reward counts them. */
  latencyMillis: z.optional(amount),
  /** Stopped before its training was over, since it did worse than most others did. */
  stoppedEarly: z.optional(z.boolean()),
  seconds: childSeconds,
})
/** What an evaluator measured. */
export type Measured = z.infer<typeof measured>

const ofChild = { id: wholeNumber(0), worker: text() }

/**
 * What came back. A child that failed (loss not finite, out of memory, its process died again and again) counts as
 * reward 0, and the search goes on.
 */
export const childResult = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('measured'), ...ofChild, measured }),
  z.strictObject({ kind: z.literal('failed'), ...ofChild, reason: text() }),
])
export type ChildResult = z.infer<typeof childResult>

/** Whoever evaluates children: runs in a worker process. */
export interface Evaluator {
  /**
   * Tries a child. A problem of the child itself (loss not finite, a graph too large) is a result, not an error.
   *
   * @throws UserError when no child at all can be evaluated (data missing, say)
   */
  evaluate(child: Child, signal: AbortSignal): Promise<ChildResult>
  close(): Promise<void>
}
