/** What a search keeps on Redis for its workers, and under which keys. */
import type { Redis } from 'ioredis'
import { UserError } from '../../shared/errors.js'
import type { EvaluatorSettings } from '../evaluate/evaluator.js'

/** Prefix of BullMQ's keys. */
export const QUEUE_PREFIX = 'toolkit:queue'

export interface SearchKeys {
  /** The search's record, as JSON. */
  record: string
  /** The process that runs it, as JSON, while it runs. */
  lock: string
  /** A hash: worker → `processes beats`. */
  workers: string
  /** A stream of results that the search has not saved yet. */
  results: string
  /** A hash: number of the piece → bytes of a file that workers need. */
  file: string
}

export function keysOf(name: string): SearchKeys {
  const key = (what: string): string => `toolkit:${what}:${name}`
  return {
    record: key('search'),
    lock: key('lock'),
    workers: key('workers'),
    results: key('results'),
    file: key('file'),
  }
}

/** A file of the search's machine that its workers need, such as shared weights. */
export interface SentFile {
  /** The evaluator's setting that names it. */
  setting: string
  name: string
  pieces: number
  sha256: string
}

/** Everything that a worker must know of a search. */
export interface SearchRecord {
  /** The id of this search; one that had its name before has another. */
  search: string
  /** Version of the toolkit that runs it. */
  version: string
  evaluator: EvaluatorSettings
  /** A file that the evaluator's settings name, which workers fetch from here. */
  file?: SentFile
  /** It is over: workers drop the children in work. */
  closed?: boolean
}

/** A search that is running, by its name. */
export interface FoundSearch {
  name: string
  record: SearchRecord
}

/** Milliseconds; the defaults suit children that take minutes. */
export interface Timing {
  /** Between two signs of life, of the search and of a worker. */
  beat: number
  /** Without one for so long, a search is dead and another may take its name. */
  searchLock: number
  /** Without one for so long, a worker is dead and its children are handed out again. */
  childLock: number
  /** Between two checks for such children. */
  stalled: number
  /** After the death of a search, until idle workers look for another. */
  orphaned: number
}

export const usualTiming: Timing = {
  beat: 5000,
  searchLock: 15_000,
  childLock: 30_000,
  stalled: 15_000,
  orphaned: 60_000,
}

/** Seconds after which Redis removes what a search that never comes back has left. */
export const KEEP_SECONDS = 7 * 24 * 3600

/** Throws a UserError unless the name can be part of a key. */
export function checkName(name: string): void {
  if (!/^[\w.-]{1,100}$/.test(name))
    throw new UserError(
      `"${name}" cannot be the name of a search; use up to 100 letters, digits, dots, dashes and underscores`,
    )
}

/** The name under which the best children of a search are trained longer, after it. */
export const longerTrainingOf = (name: string): string => `${name}-retrained`

export async function readRecord(client: Redis, name: string): Promise<SearchRecord | null> {
  const text = await client.get(keysOf(name).record)
  return text === null ? null : (JSON.parse(text) as SearchRecord)
}

/** Names of the searches that are running. */
export async function runningSearches(client: Redis): Promise<string[]> {
  const prefix = keysOf('').lock
  const names = new Set<string>()
  let cursor = '0'
  do {
    const [next, keys] = await client.scan(cursor, 'MATCH', `${prefix}*`, 'COUNT', 1000)
    for (const key of keys) names.add(key.slice(prefix.length))
    cursor = next
  } while (cursor !== '0')
  return [...names].sort()
}
