/** A worker on Redis in a process of its own, without training: `redis-worker-process.js OPTIONS` as JSON. */
import { appendFileSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { runRedisWorker } from '../../../src/search/redis/worker.js'
import { fakeResult, quickTiming } from './fake-evaluator.js'

export interface WorkerProcessOptions {
  url: string
  /** How long a child takes. */
  millis: number
  /** A file with the number of children that may end: the others take until it holds a higher one. */
  limit?: string
  /** A file that each begun child is written to. */
  log?: string
  /** Milliseconds; see `Timing`. */
  childLock?: number
}

const { url, millis, limit, log, childLock } = JSON.parse(process.argv[2]) as WorkerProcessOptions
const leaving = new AbortController()
process.on('SIGINT', () => leaving.abort())

await runRedisWorker({
  url,
  processes: 1,
  signal: leaving.signal,
  timing: { ...quickTiming, ...(childLock !== undefined && { childLock }) },
  evaluatorFor: async () => ({
    async evaluate(child, signal) {
      if (log !== undefined) appendFileSync(log, `${child.id}\n`)
      if (millis > 0) await sleep(millis, undefined, { signal })
      while (limit !== undefined && child.id >= Number(readFileSync(limit, 'utf8')))
        await sleep(5, undefined, { signal })
      return fakeResult(child, String(process.pid))
    },
    close: async () => {},
  }),
})
