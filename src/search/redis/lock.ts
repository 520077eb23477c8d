/** A lock on the name of a search on Redis: one process at a time holds it, and renews it while it runs. */
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { UserError } from '../../shared/errors.js'
import type { Timing } from './search.js'

/** Takes or renews a lock unless another holds it; returns that holder or nil. */
const TAKE = `
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return holder end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return false`

const RELEASE = `if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end`

export interface SearchLock {
  /**
   * Renews the lock, also after Redis has lost it.
   *
   * @throws UserError when another process has taken the name since
   */
  renew(): Promise<void>
  release(): Promise<void>
}

/**
 * Takes the lock; waits until that of a process that died has expired.
 *
 * @throws UserError when the process that holds it is alive
 */
export async function takeSearchLock(
  client: Redis,
  key: string,
  name: string,
  { searchLock }: Pick<Timing, 'searchLock'>,
  note: (text: string) => void,
): Promise<SearchLock> {
  const me = JSON.stringify({ host: hostname(), pid: process.pid, token: randomUUID() })
  const take = async () => (await client.eval(TAKE, 1, key, me, searchLock)) as string | null
  const refusal = (holder: string): UserError => {
    const { host, pid } = JSON.parse(holder)
    return new UserError(
      `Process ${pid} on ${host} runs a search named ${name} on this Redis; stop it, or search in a folder of another name`,
    )
  }
  let left = Number.POSITIVE_INFINITY
  for (let holder = await take(); holder !== null; holder = await take()) {
    const now = await client.pttl(key)
    if (now > left) throw refusal(holder)
    if (left === Number.POSITIVE_INFINITY)
      note(
        `Checking for up to ${Math.ceil(now / 1000)} seconds whether another search named ${name} is running`,
      )
    left = now
    await sleep(Math.min(500, searchLock / 10))
  }
  return {
    async renew() {
      const holder = await take()
      if (holder !== null) throw refusal(holder)
    },
    async release() {
      await client.eval(RELEASE, 1, key, me)
    },
  }
}
