/** A worker's part in one search on Redis: takes children, evaluates them, and hands back what it cannot finish. */
import type { Job, Worker } from 'bullmq'
import type { Child, ChildResult, Evaluator } from '../evaluate/child.js'
import type { EvaluatorSettings } from '../evaluate/evaluator.js'
import { pause, unlessAborted } from '../execution/abortable.js'
import type { RedisConnection } from './connection.js'
import { settingsHere } from './file.js'
import { presence } from './presence.js'
import { writeResult } from './results.js'
import {
  type FoundSearch,
  keysOf,
  QUEUE_PREFIX,
  readRecord,
  type SearchKeys,
  type Timing,
  usualTiming,
} from './search.js'

export interface WorkOptions {
  /** How many children to evaluate at a time. */
  processes: number
  /** Called for each search that the worker comes to. */
  evaluatorFor(settings: EvaluatorSettings): Promise<Evaluator>
  /** Ends the worker: children in work go back. */
  signal: AbortSignal
  /** Called with a sentence for people. */
  note?: (text: string) => void
  onBegin?: (child: Child) => void
  /** With null when the child was handed back. */
  onEnd?: (child: Child, result: ChildResult | null) => void
  timing?: Partial<Timing>
}

/**
 * Evaluates children of a search until it is over, nobody runs it any more, or the signal is aborted.
 *
 * @throws UserError when Redis stays away, or the evaluator cannot evaluate any child here
 */
export async function evaluateChildren(
  found: FoundSearch,
  connection: RedisConnection,
  options: WorkOptions,
): Promise<void> {
  const timing = { ...usualTiming, ...options.timing }
  const fetched = await settingsHere(found, connection, options.signal, timing)
  if (fetched === null) return
  try {
    const evaluator = await options.evaluatorFor(fetched.settings)
    await new ChildWorker(found, connection, evaluator, options).run()
  } finally {
    await fetched.remove()
  }
}

/**
 * A child fails when so many workers disappeared while they evaluated it. Many, since machines that are lent come and
 * go, and since all workers seem to disappear when Redis is away.
 */
const DISAPPEARED = 10

class ChildWorker {
  readonly #found: FoundSearch
  readonly #connection: RedisConnection
  readonly #evaluator: Evaluator
  readonly #options: WorkOptions
  readonly #timing: Timing
  readonly #keys: SearchKeys
  readonly #presence: ReturnType<typeof presence>
  readonly #leaving = new AbortController()
  /** Ids of the jobs in work. */
  readonly #inWork = new Set<string>()
  #failure: unknown = null
  /** Since when nobody runs the search. */
  #desertedAt: number | null = null

  constructor(found: FoundSearch, connection: RedisConnection, evaluator: Evaluator, options: WorkOptions) {
    this.#found = found
    this.#connection = connection
    this.#evaluator = evaluator
    this.#options = options
    this.#timing = { ...usualTiming, ...options.timing }
    this.#keys = keysOf(found.name)
    this.#presence = presence(connection, this.#keys.workers)
  }

  /** Works until the search is over, closes the evaluator, and throws what kept children from being evaluated. */
  async run(): Promise<void> {
    const { signal, processes, note = () => {} } = this.#options
    const worker = await this.#takeJobs()
    const leave = (): void => this.#leaving.abort()
    signal.addEventListener('abort', leave)
    this.#connection.lost.catch((error) => {
      this.#failure ??= error
      leave()
    })
    if (signal.aborted) leave()
    note(`Working for the search ${this.#found.name}, ${processes} children at a time`)
    try {
      while (!this.#leaving.signal.aborted) {
        const end = await this.#checkSearch()
        if (end !== null) {
          note(end)
          break
        }
        await pause(this.#timing.beat, this.#leaving.signal)
      }
    } finally {
      leave()
      signal.removeEventListener('abort', leave)
      await this.#connection.finalWrites(Promise.all([worker.close(), this.#presence.leave()]))
      await this.#evaluator.close()
    }
    if (this.#failure !== null) throw this.#failure
  }

  /** Starts to take children from Redis. */
  async #takeJobs(): Promise<Worker<Child>> {
    const bullmq = await import('bullmq')
    const handBack = async (job: Job<Child>, token: string): Promise<never> => {
      await job.moveToWait(token)
      throw new bullmq.WaitingError()
    }
    const worker: Worker<Child> = new bullmq.Worker(
      this.#found.name,
      (job, token) => this.#process(job, () => handBack(job, token!)),
      {
        connection: this.#connection.client,
        prefix: QUEUE_PREFIX,
        skipVersionCheck: true,
        concurrency: this.#options.processes,
        lockDuration: this.#timing.childLock,
        stalledInterval: this.#timing.stalled,
        // #evaluate judges what many lost locks mean, so that the search gets a result.
        maxStalledCount: Number.MAX_SAFE_INTEGER,
        // Milliseconds until a child is asked for again after Redis was away.
        runRetryDelay: 1000,
      },
    )
    // The connection reports outages, and a lost lock does no harm, since the result counts anyhow.
    worker.on('error', () => {})
    return worker
  }

  async #process(job: Job<Child>, handBack: () => Promise<never>): Promise<void> {
    const { onBegin, onEnd } = this.#options
    const { search } = this.#found.record
    const child = job.data
    let result: ChildResult | null = null
    this.#inWork.add(job.id!)
    onBegin?.(child)
    try {
      // Another search may have taken the name since the last check.
      if (job.name !== search) this.#leaving.abort()
      else result = await this.#evaluate(child, job.stalledCounter)
      if (result === null) await handBack()
      else await writeResult(this.#connection, this.#keys.results, search, result)
    } finally {
      this.#inWork.delete(job.id!)
      onEnd?.(child, result)
    }
  }

  /** Null when the child is to go back. */
  async #evaluate(child: Child, disappeared: number): Promise<ChildResult | null> {
    if (disappeared >= DISAPPEARED) {
      const reason = `its workers disappeared ${disappeared} times`
      return { id: child.id, worker: this.#presence.name, kind: 'failed', reason }
    }
    try {
      return await this.#evaluator.evaluate(child, this.#leaving.signal)
    } catch (error) {
      if (!this.#leaving.signal.aborted) this.#failure = error
      this.#leaving.abort()
      return null
    }
  }

  /** Gives a sign of life and checks that of the search. Returns why work ends, in words; null: it goes on. */
  async #checkSearch(): Promise<string | null> {
    const { name, record } = this.#found
    const { client, persist } = this.#connection
    const look = () =>
      Promise.all([
        readRecord(client, name),
        client.exists(this.#keys.lock),
        this.#presence.sign(this.#options.processes),
      ])
    const state = await unlessAborted(this.#leaving.signal, persist(look))
    if (state === null) return null
    const [current, isRun] = state
    if (current !== null && (current.closed || current.search !== record.search))
      return `The search ${name} is over`
    const now = performance.now()
    this.#desertedAt = isRun ? null : (this.#desertedAt ?? now)
    const deserted = this.#desertedAt !== null && now - this.#desertedAt > this.#timing.orphaned
    return deserted && this.#inWork.size === 0 ? `Nobody runs the search ${name} any more` : null
  }
}
