/** A search as its folder tells of it. */
import { basename, join, resolve } from 'node:path'
import { UserError } from '../../errors.js'
import { readText } from '../../files.js'
import type { JournalEvent } from '../journal.js'
import { readJournal } from '../read-journal.js'
import type { SearchSpace } from '../space.js'

export interface SearchLog {
  /** What `search.json` calls it; else its folder's name. */
  name: string
  /** The whole `search.json`. */
  config: Readonly<Record<string, unknown>>
  /** Of the config: */
  strategy: string
  evaluator: string
  seed: number | null
  space: SearchSpace
  /** Threads that each child was computed with; null where the config does not say. */
  threads: number | null
  /** Children that are to be tried; null for a search with another budget. */
  planned: number | null
  events: readonly JournalEvent[]
}

/**
 * Reads searches. Where two have one name, all are called as their folders are.
 *
 * @throws UserError that names the file that is missing or damaged
 */
export async function readSearchLogs(folders: readonly string[]): Promise<SearchLog[]> {
  const logs = await Promise.all(folders.map(readSearchLog))
  if (new Set(logs.map(({ name }) => name)).size === logs.length) return logs
  return logs.map((log, i) => ({ ...log, name: folders[i] }))
}

async function readSearchLog(folder: string): Promise<SearchLog> {
  const path = join(folder, 'search.json')
  const text = await readText(path, `${folder} is not the folder of a search: it has no search.json`)
  let config: unknown
  try {
    config = JSON.parse(text)
  } catch (error) {
    throw new UserError(`${path} is not JSON: ${(error as Error).message}`, { cause: error })
  }
  if (!isRecord(config)) throw new UserError(`${path} holds no search's config`)
  const { name, strategy, evaluator, seed, space, budget } = config
  if (!isSpace(space))
    throw new UserError(
      `${path} has no search space: "space" must hold cells, blocks, operations and combinations`,
    )
  const threads = isRecord(evaluator) ? evaluator.threads : undefined
  return {
    name: typeof name === 'string' && name !== '' ? name : basename(resolve(folder)),
    config,
    strategy: labelOf(strategy),
    evaluator: labelOf(evaluator),
    seed: typeof seed === 'number' ? seed : null,
    space,
    threads: typeof threads === 'number' ? threads : null,
    planned:
      isRecord(budget) && budget.kind === 'children' && typeof budget.amount === 'number'
        ? budget.amount
        : null,
    events: await readJournal(join(folder, 'journal.jsonl')),
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function isSpace(value: unknown): value is SearchSpace {
  if (!isRecord(value)) return false
  const { cells, blocks, operations, combinations } = value
  return [cells, operations, combinations].every(Array.isArray) && Number.isInteger(blocks)
}

/** A text itself, an object by its kind or name. */
function labelOf(value: unknown): string {
  if (typeof value === 'string') return value
  const label = isRecord(value) ? (value.kind ?? value.name) : undefined
  return typeof label === 'string' ? label : (JSON.stringify(value) ?? 'unknown')
}
