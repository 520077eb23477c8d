/**
 * A study: one search from its beginning to its results ({@link Course}). Everything is written into the search's folder
 * as it happens, the best cells so far included: a study may be killed at any moment, and {@link resumeSearch} goes on with it.
 */
import { EventEmitter } from 'node:events'
import { availableParallelism } from 'node:os'
import type { SearchConfig } from './config.js'
import { Course, type SearchResult, type StudyEvents } from './course.js'
import type { JournalEvent } from './journal/journal.js'
import type { QueuePlace } from './open-queue.js'
import { type NamedCells, proposedCells } from './results.js'
import type { SearchFolder } from './search-folder.js'

export interface StudyOptions extends Partial<QueuePlace> {
  /** The study is in a new folder, which a run that fails before anything was trained removes. */
  isNew?: boolean
}

export interface RunOptions {
  /** Aborting it gives up the children in work and ends the run; everything else is kept. */
  signal?: AbortSignal
}

/** Made by `createSearch` and `resumeSearch`. Its folder is locked until it is closed. */
export class Study extends EventEmitter<StudyEvents> {
  readonly #folder: SearchFolder
  readonly #course: Course
  readonly #isNew: boolean
  readonly #events: JournalEvent[]
  readonly #closing = new AbortController()
  #state: 'open' | 'running' | 'broken' | 'closed' = 'open'
  #run: Promise<SearchResult> | null = null

  constructor(folder: SearchFolder, options: StudyOptions = {}) {
    super()
    const { queue, processes = availableParallelism(), threads = 1, isNew = false } = options
    this.#folder = folder
    this.#isNew = isNew
    this.#events = [...folder.events]
    const emit = (name: keyof StudyEvents, ...args: StudyEvents[keyof StudyEvents]) =>
      this.emit(name, ...args)
    this.#course = new Course(folder, { queue, processes, threads }, this.#events, emit)
  }

  /** The search's folder. */
  get folder(): string {
    return this.#folder.folder
  }

  get config(): SearchConfig {
    return this.#folder.config
  }

  /** What the search's journal holds, also of earlier runs. */
  get events(): readonly JournalEvent[] {
    return this.#events
  }

  /** The genotype of a child that was proposed. Throws a RangeError for others. */
  genotypeOf(id: number): NamedCells {
    return proposedCells(this.config, this.#events, id)
  }

  /**
   * Runs the search from its present state to its end; a finished search only writes and returns its results again.
   * After a run that was stopped, it can be run again.
   *
   * @throws UserError when no child can be evaluated (data missing, no worker can work, Redis away for too long), none
   *   could be measured, or a file cannot be written. The study can then only be closed; a new search in which nothing
   *   was trained yet is removed from its folder.
   */
  run({ signal }: RunOptions = {}): Promise<SearchResult> {
    if (this.#state !== 'open')
      return Promise.reject(new Error(`The study is ${this.#state} and cannot be run`))
    this.#state = 'running'
    const { signal: closing } = this.#closing
    const stopped = signal === undefined ? closing : AbortSignal.any([signal, closing])
    this.#run = this.#course.run(stopped).then(
      (result) => {
        this.#state = 'open'
        return result
      },
      async (error) => {
        this.#state = 'broken'
        if (this.#isNew) await this.#folder.discardUnbegun()
        throw error
      },
    )
    return this.#run
  }

  /** Stops a run and waits for its end, and unlocks the folder. */
  async close(): Promise<void> {
    if (this.#state === 'closed') return
    this.#closing.abort()
    await this.#run?.catch(() => {})
    this.#state = 'closed'
    await this.#folder.close()
  }
}
