/** The queue of a search on one machine: children go to worker processes here, and nothing outlives the search. */
import { setMaxListeners } from 'node:events'
import type { ChildResult } from '../evaluate/child.js'
import { mailbox } from './mailbox.js'
import type { WorkQueue } from './queue.js'
import { type PoolOptions, WorkerPool } from './worker-pool.js'

/** Starts the worker processes. When none can work, `next` rejects with the reason. */
export async function openLocalQueue(options: PoolOptions): Promise<WorkQueue> {
  const pool = new WorkerPool(options)
  const results = mailbox<ChildResult>()
  const closed = new AbortController()
  // Each child in line adds a listener, and those to be trained longer are all in line at once.
  setMaxListeners(0, closed.signal)
  pool.ready.catch(results.fail)
  return {
    // At least 1 also when no process is left, so that `next` is called and can say why.
    capacity: () => Math.max(1, pool.size()),
    async submit(child) {
      pool.evaluate(child, closed.signal).then(results.put, (error: Error) => {
        if (!closed.signal.aborted) results.fail(error)
      })
    },
    next: results.take,
    async close() {
      closed.abort()
      await pool.close()
    },
  }
}
