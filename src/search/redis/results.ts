/** Results on their way from workers to the search: a Redis stream that holds those which are not written down yet. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ChildResult } from '../evaluate/child.js'
import type { RedisConnection } from './connection.js'
import { KEEP_SECONDS } from './search.js'

/** Seconds that a read waits on the server: short of what a connection may be silent. */
const BLOCK = 5
const AT_ONCE = 100

/** Writes a result, however long Redis lets wait for it. */
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
  /** Removes an entry: its result is written down. */
  forget(entry: string): void
  close(): void
}

/**
 * Hands each result of a search to `onResult` as it comes, with the id of its entry, those that wait already before
 * this returns. One that it answers with false is not wanted, and removed.
 */
export async function resultStream(
  connection: RedisConnection,
  key: string,
  search: string,
  onResult: (result: ChildResult, entry: string) => boolean,
): Promise<ResultStream> {
  const { client } = connection
  /** Entries that were handed on and not forgotten. */
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
    // Should it stay, it is read again after the next break of the connection, and forgotten then.
    client.xdel(key, entry).catch(() => {})
  }

  for (;;) {
    const entries = await client.xrange(key, last === '0' ? '-' : `(${last}`, '+', 'COUNT', AT_ONCE)
    if (entries.length === 0) break
    accept(entries)
  }

  const reader = connection.another()
  // The server may have another clock or less memory than before: from the beginning, skipping what is held.
  reader.on('close', () => {
    last = '0'
  })

  async function read(): Promise<void> {
    while (!closed) {
      try {
        const reply = await reader.xread('COUNT', AT_ONCE, 'BLOCK', 1000 * BLOCK, 'STREAMS', key, last)
        for (const [, entries] of reply ?? []) accept(entries)
      } catch {
        // The connection tells people, and comes back or is given up.
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
