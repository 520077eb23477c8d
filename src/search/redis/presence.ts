/** Which workers are there: each writes a sign of life every beat, and counts as gone when it stops changing. */
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import type { RedisConnection } from './connection.js'
import { KEEP_SECONDS, type Timing } from './search.js'

/** Beats that a worker may miss. */
const MISSED = 4

/** The search's side. It goes by its own clock: those of other machines may differ. */
export function workersSeen({ client }: RedisConnection, key: string, { beat }: Pick<Timing, 'beat'>) {
  const seen = new Map<string, { sign: string; at: number }>()
  let total = 0
  return {
    /** Reads the signs of life, and removes the workers that are gone. */
    async count(): Promise<void> {
      const now = performance.now()
      const signs = await client.hgetall(key)
      for (const [worker, sign] of Object.entries(signs))
        if (seen.get(worker)?.sign !== sign) seen.set(worker, { sign, at: now })
      const gone = [...seen].filter(([worker, { at }]) => !(worker in signs) || now - at > MISSED * beat)
      for (const [worker] of gone) seen.delete(worker)
      if (gone.length > 0) await client.hdel(key, ...gone.map(([worker]) => worker))
      total = [...seen.values()].reduce((sum, { sign }) => sum + Number(sign.split(' ')[0]), 0)
    },
    /** Children that all workers together can evaluate at a time, as of the last count. */
    total: () => total,
  }
}

/** The worker's side. */
export function presence({ client }: RedisConnection, key: string) {
  const name = `${hostname()}/${process.pid}/${randomUUID().slice(0, 8)}`
  let beats = 0
  return {
    name,
    /** Signs as one that evaluates so many children at a time. */
    async sign(processes: number): Promise<void> {
      await client.hset(key, name, `${processes} ${beats++}`)
      await client.expire(key, KEEP_SECONDS)
    },
    async leave(): Promise<void> {
      await client.hdel(key, name)
    },
  }
}
