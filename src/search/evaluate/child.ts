/** A child: one architecture to be evaluated, its result, and the interface of what evaluates it. */
import type { Decisions } from '../space/space.js'

/** An architecture that a worker evaluates. */
export interface Child {
  /** Counts from 0 within a search, in the order of proposal. */
  id: number
  decisions: Decisions
}

/** Seconds that each part of an evaluation took. */
export interface ChildSeconds {
  /** Tracing, lowering and opening sessions. */
  compile: number
  train: number
  measure: number
}

/** What an evaluator measured. */
export interface Measured {
  /** Validation accuracy in [0, 1] of classifiers; of autoencoders the share of the pixels' variance explained. */
  quality: number
  /** Of autoencoders: mean squared error on the validation images, for pixels in [0, 1]. */
  reconstructionError?: number
  /** Trainable parameters. */
  parameters: number
  /** Of one image at the size that the child was trained at. */
  multiplyAdds: number
  /** Milliseconds for one image, if the reward counts them. */
  latencyMillis?: number
  /** Stopped before its training was over, since it did worse than most others did. */
  stoppedEarly?: boolean
  seconds: ChildSeconds
}

/**
 * The result of a child. One that failed (loss not finite, out of memory, its process died again and again) counts with
 * reward 0, and the search goes on.
 */
export type ChildResult = { id: number; worker: string } & (
  | { kind: 'measured'; measured: Measured }
  | { kind: 'failed'; reason: string }
)

/** What evaluates children; runs in a worker process. */
export interface Evaluator {
  /**
   * Evaluates a child. A problem of the child itself (loss not finite, a graph too large) is a result, not an error.
   *
   * @throws UserError when no child at all can be evaluated (data missing, say)
   */
  evaluate(child: Child, signal: AbortSignal): Promise<ChildResult>
  close(): Promise<void>
}
