/** The queue between a search and its workers: children go out, results come back in any order. */
import type { Child, ChildResult } from '../evaluate/child.js'

export interface WorkQueue {
  /** How many children are worth having in flight now, at least 1; changes as workers come and go. */
  capacity(): number
  /** Hands out a child. One whose worker dies is handed out again; it is never lost. */
  submit(child: Child): Promise<void>
  /**
   * Waits for the next result. Null when `signal` is aborted meanwhile, or when `capacity()` has grown since it was last
   * called, so that new workers get children at once. Each submitted child comes back once, whatever happens to workers
   * and to the queue's store. A result counts as saved when `next` is called again: until then, a store that outlives
   * this process keeps it, and returns it after a restart when the child is submitted again.
   *
   * @throws UserError when no worker can work any more (the store is gone for good, every worker fails at once)
   */
  next(signal?: AbortSignal): Promise<ChildResult | null>
  /** Closes the queue. Children in flight are given up: local processes end, remote workers drop theirs. */
  close(): Promise<void>
}
