/**
 * A search is a folder: `search.json` (everything needed to repeat it), `journal.jsonl`, the shared weights if it uses
 * some, at its end `genotype.json` (the best) and `best/` (the best few), of autoencoders also `comparison.json` and
 * `reconstructions.png`; while a process searches there, `lock`.
 */
import { open, readdir, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { UserError } from '../shared/errors.js'
import {
  fileError,
  isFileError,
  makeRemovableFolder,
  readText,
  writeFileAtomically,
} from '../shared/files.js'
import { isLockFile, lockFolder } from '../shared/lock.js'
import { type ChildEvaluator, type SearchConfig, validateSearchConfig } from './config.js'
import type { JournalEvent } from './journal/journal.js'
import { readJournal } from './journal/read-journal.js'

export const configPath = (folder: string): string => join(folder, 'search.json')
export const journalPath = (folder: string): string => join(folder, 'journal.jsonl')
export const comparisonPath = (folder: string): string => join(folder, 'comparison.json')
export const reconstructionsPath = (folder: string): string => join(folder, 'reconstructions.png')
export const genotypePath = (folder: string): string => join(folder, 'genotype.json')
/** The shared weights that a search trains itself, as its config names them. */
export const OWN_WEIGHTS = 'shared-weights.safetensors'

/** Whether a search trains shared weights itself; false where it does without, or uses another search's. */
export const trainsOwnWeights = ({ evaluator }: Pick<SearchConfig, 'evaluator'>): boolean =>
  evaluator.kind === 'shared' && evaluator.weights === OWN_WEIGHTS

/**
 * The evaluator of a search with the path of its shared weights: the config names them as seen from the search's
 * folder, so that it may be moved.
 */
export function evaluatorIn(folder: string, evaluator: ChildEvaluator): ChildEvaluator {
  return evaluator.kind === 'shared'
    ? { ...evaluator, weights: resolve(folder, evaluator.weights) }
    : evaluator
}

/** The folder of a search that this process runs, locked so that no other process does. */
export interface SearchFolder {
  readonly folder: string
  readonly config: SearchConfig
  /** What happened before. */
  readonly events: readonly JournalEvent[]
  /** Writes an event and flushes it to the disk. */
  append(event: JournalEvent): Promise<void>
  /**
   * Removes the search's files if no child came back and nothing was trained, so that the folder can be used again.
   * Nothing may be appended after that.
   */
  discardUnbegun(): Promise<void>
  /** Unlocks the folder. */
  close(): Promise<void>
}

/**
 * Makes the folder of a new search and writes `search.json`.
 *
 * @throws UserError when the config could not be read again, or the folder holds a search or something else already,
 *   is locked, or cannot be written; nothing is left of it then
 */
export async function createSearchFolder(folder: string, config: SearchConfig): Promise<SearchFolder> {
  const text = configText(config)
  const removeFolder = await makeRemovableFolder(folder)
  let written = false
  const begin = async () => {
    const files = (await readdir(folder)).filter((file) => !isLockFile(file))
    if (files.includes('search.json'))
      throw new UserError(
        `${folder} holds a search already; go on with it (--resume ${folder}) or choose another folder`,
      )
    if (files.length > 0)
      throw new UserError(`${folder} holds other files, such as ${files[0]}; choose another folder`)
    await writeFileAtomically(configPath(folder), text)
    written = true
    return { config, events: [] }
  }
  try {
    return await locked(folder, begin, removeFolder)
  } catch (error) {
    if (written) await rm(configPath(folder), { force: true })
    await removeFolder()
    throw error
  }
}

/**
 * Opens the folder of a search to go on with it, with another budget or what `change` makes of its config. A last line
 * of the journal that a killed process left half-written is cut off.
 *
 * @throws UserError when there is none, it is locked, or a file is damaged
 */
export async function openSearchFolder(
  folder: string,
  budget?: SearchConfig['budget'],
  change: (config: SearchConfig) => Promise<SearchConfig> = async (config) => config,
): Promise<SearchFolder> {
  // Before the lock: where there is no search, or no folder, none can be taken.
  const saved = await readSearchConfig(folder)
  return locked(folder, async () => {
    const changed = await change(saved)
    const config = budget === undefined ? changed : { ...changed, budget }
    if (config !== saved) await writeFileAtomically(configPath(folder), configText(config))
    const events = await readJournal(journalPath(folder))
    const lines = events.map((event) => `${JSON.stringify(event)}\n`).join('')
    await writeFileAtomically(journalPath(folder), lines)
    return { config, events }
  })
}

/** The config as its file holds it. Throws a UserError for one that could not be read from there again. */
function configText(config: SearchConfig): string {
  const text = `${JSON.stringify(config, null, 2)}\n`
  try {
    validateSearchConfig(JSON.parse(text))
  } catch (error) {
    throw new UserError(
      `The search cannot be begun, because its config could not be read again: ${(error as Error).message}`,
      { cause: error },
    )
  }
  return text
}

/** Throws a UserError that names the file when there is none or it is damaged. */
export async function readSearchConfig(folder: string): Promise<SearchConfig> {
  const path = configPath(folder)
  const text = await readText(path, `${folder} holds no search: there is no search.json in it`)
  try {
    return validateSearchConfig(JSON.parse(text))
  } catch (error) {
    throw new UserError(`${path} is damaged: ${(error as Error).message}. Fix it, or begin a new search`, {
      cause: error,
    })
  }
}

/** The files of a search that has not begun. */
const UNBEGUN = new Set(['search.json', 'journal.jsonl'])

async function locked(
  folder: string,
  prepare: () => Promise<{ config: SearchConfig; events: readonly JournalEvent[] }>,
  afterDiscarding: () => Promise<void> = async () => {},
): Promise<SearchFolder> {
  const release = await lockFolder(folder)
  try {
    const { config, events } = await prepare()
    const file = await open(journalPath(folder), 'a')
    let discarded = false
    return {
      folder,
      config,
      events,
      async append(event) {
        try {
          await file.appendFile(`${JSON.stringify(event)}\n`)
          await file.datasync()
        } catch (error) {
          throw fileError('write', journalPath(folder), error)
        }
      },
      async discardUnbegun() {
        const happened = (await readJournal(journalPath(folder))).some(
          ({ kind }) => kind === 'told' || kind === 'warmed',
        )
        if (happened || (await readdir(folder)).some((name) => !UNBEGUN.has(name) && !isLockFile(name)))
          return
        await rm(configPath(folder))
        await rm(journalPath(folder))
        discarded = true
      },
      async close() {
        await file.close()
        await release()
        if (discarded) await afterDiscarding()
      },
    }
  } catch (error) {
    await release()
    throw isFileError(error) ? fileError('open', folder, error) : error
  }
}
