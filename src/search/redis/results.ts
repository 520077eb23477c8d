/** The results of a search: a Redis stream from workers to the search, of those that it has not saved yet. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ChildResult } from '../evaluate/child.js'
import type { RedisConnection } from './connection.js'
import { KEEP_SECONDS } from './search.js'

/** Seconds that a read waits on the server: less than a connection may be silent. */
const BLOCK = 5
/** Entries that are read at a time. */
const AT_ONCE = 100

/** Writes a result, once Redis lets it. Throws as {@link RedisConnection.persist}. */
export async function writeResult(
  { client, persist }: RedisConnection,
  key: string,
  search: string,
  result: ChildResult,
): Promise<void> {
  await persist(async () => {
    await client.xadd(key, '*', 'search', search, 'result', JSON.stringify(result))
    await client.expire(key, KEEP_SECONDS)
  })
}

export interface ResultStream {
  /** Removes an entry, whose result is saved. */
  forget(entry: string): void
  close(): void
}

/**
 * Calls `onResult` with each result of a search and the id of its entry; for those that wait already, before this
 * returns. Where it returns false, the result is not needed and its entry is removed.
 */
export async function resultStream(
  connection: RedisConnection,
  key: string,
  search: string,
  onResult: (result: ChildResult, entry: string) => boolean,
): Promise<ResultStream> {
  const { client } = connection
  /** Entries that `onResult` was called with, and that are not removed. */
  const held = new Set<string>()
  let last = '0'
  let closed = false

  function accept(entries: [entry: string, fields: string[]][]): void {
    for (const [entry, fields] of entries) {
      last = entry
      if (held.has(entry)) continue
      held.add(entry)
      const { search: from, result } = Object.fromEntries(pairs(fields))
      if (from !== search || !onResult(JSON.parse(result), entry)) forget(entry)
    }
  }

  function forget(entry: string): void {
    held.delete(entry)
    // If this fails, the entry is read again after the next reconnection, and removed then.
    client.xdel(key, entry).catch(() => {})
  }

  for (;;) {
    const entries = await client.xrange(key, last === '0' ? '-' : `(${last}`, '+', 'COUNT', AT_ONCE)
    if (entries.length === 0) break
    accept(entries)
  }

  const reader = connection.another()
  // After a restart, the server may have another clock or have lost entries: read from the start, without those held.
  reader.on('close', () => {
    last = '0'
  })

  async function read(): Promise<void> {
    while (!closed) {
      try {
        const reply = await reader.xread('COUNT', AT_ONCE, 'BLOCK', 1000 * BLOCK, 'STREAMS', key, last)
        for (const [, entries] of reply ?? []) accept(entries)
      } catch {
        // The connection reports the outage; it comes back, or gives up after its timeout.
        if (reader.status === 'end') return
        await sleep(200)
      }
    }
  }
  void read()

  return {
    forget,
    close() {
      closed = true
      reader.disconnect()
    },
  }
}

function* pairs(fields: string[]): Generator<[string, string]> {
  for (let place = 0; place + 1 < fields.length; place += 2) yield [fields[place], fields[place + 1]]
}
