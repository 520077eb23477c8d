/** A search as its folder records it. */
import type { SearchConfig } from '../config.js'
import type { JournalEvent } from '../journal/journal.js'
import { readJournal } from '../journal/read-journal.js'
import { journalPath, readSearchConfig } from '../search-folder.js'

export interface SearchLog {
  /** As its config calls it; its folder, where several have one name. */
  name: string
  config: SearchConfig
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
  const config = await readSearchConfig(folder)
  return { name: config.name, config, events: await readJournal(journalPath(folder)) }
}
