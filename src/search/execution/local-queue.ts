/** The queue of a search on one machine: children go to worker processes here, and nothing outlives the search. */
import { setMaxListeners } from 'node:events'
import type { ChildResult } from '../evaluate/child.js'
import { mailbox } from './mailbox.js'
import type { WorkQueue } from './queue.js'
import { openWorkerPool, type PoolOptions } from './worker-pool.js'

/** Starts the worker processes. That none can work is told by `next`. */
export async function openLocalQueue(options: PoolOptions): Promise<WorkQueue> {
  const pool = openWorkerPool(options)
  const results = mailbox<ChildResult>()
  const closed = new AbortController()
  // Each child in line listens, and of those to be trained longer all are in line at once.
  setMaxListeners(0, closed.signal)
  pool.ready.catch(results.fail)
  return {
    // A queue without processes must still be asked, to say why.
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
