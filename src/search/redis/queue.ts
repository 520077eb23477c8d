/**
 * The queue of a search whose workers are on other machines: children go out as BullMQ jobs on Redis, results come
 * back in a stream of our own. A worker writes its result there before BullMQ forgets the job; so a result counts
 * even when the job's lock was lost meanwhile, and stays until the search has saved it.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { packageVersion } from '../../shared/package-root.js'
import type { Child, ChildResult } from '../evaluate/child.js'
import type { EvaluatorSettings } from '../evaluate/evaluator.js'
import { mailbox } from '../execution/mailbox.js'
import type { WorkQueue } from '../execution/queue.js'
import { shownAddress } from './address.js'
import { type ConnectionOptions, connectRedis, type RedisConnection } from './connection.js'
import { type FileToSend, fileToSend, keepOnRedis } from './file.js'
import { type ChildJobs, openJobs } from './jobs.js'
import { type SearchLock, takeSearchLock } from './lock.js'
import { workersSeen } from './presence.js'
import { type ResultStream, resultStream } from './results.js'
import {
  checkName,
  KEEP_SECONDS,
  keysOf,
  readRecord,
  type SearchKeys,
  type SearchRecord,
  type Timing,
  usualTiming,
} from './search.js'

export interface RedisQueueOptions extends ConnectionOptions {
  /** Distinguishes the searches on one Redis. */
  name: string
  /** Of this search alone, drawn when it began and kept in its folder: its children are known by it after a restart. */
  search: string
  /** What the workers evaluate with. */
  evaluator: EvaluatorSettings
  /** A file of this machine that the workers need, and the evaluator's setting that names it. */
  file?: { setting: string; path: string }
  timing?: Partial<Timing>
}

/**
 * Opens the queue of a search, also one that was killed: what its workers did meanwhile is there.
 *
 * @throws UserError when Redis or the file cannot be used, or another process runs a search of this name
 */
export async function openRedisQueue(options: RedisQueueOptions): Promise<WorkQueue> {
  checkName(options.name)
  const file = options.file && (await fileToSend(options.file.setting, options.file.path))
  const connection = await connectRedis(options)
  try {
    return await Promise.race([RedisQueue.open(connection, options, file), connection.lost])
  } catch (error) {
    connection.close()
    throw connection.plain(error)
  }
}

/** Throws what {@link openRedisQueue} would throw for this Redis and name, long before it is needed. */
export async function checkRedisQueue({ url, name }: { url: string; name: string }): Promise<void> {
  checkName(name)
  const connection = await connectRedis({ url })
  connection.close()
}

/** A result, and the id of its entry in the stream. */
interface Arrival {
  result: ChildResult
  entry: string
}

class RedisQueue implements WorkQueue {
  readonly #connection: RedisConnection
  readonly #lock: SearchLock
  readonly #jobs: ChildJobs
  readonly #keys: SearchKeys
  readonly #record: SearchRecord
  readonly #file: FileToSend | undefined
  readonly #timing: Timing
  readonly #note: (text: string) => void
  readonly #workers: ReturnType<typeof workersSeen>
  readonly #closing = new AbortController()
  readonly #inFlight = new Map<number, Child>()
  readonly #answered = new Set<number>()
  /** Submitted, and not returned by `next` yet. */
  readonly #owed = new Set<number>()
  /** Results of children that this process has not submitted yet, and may: those of before a restart. */
  readonly #early = new Map<number, Arrival>()
  readonly #ready = mailbox<Arrival>()
  /** The capacity that the search knows of; 0: none yet. */
  #offered = 0
  /** The entry of the result that `next` returned last, which is saved when `next` is called again. */
  #taken: string | null = null
  #results!: ResultStream
  #beating!: Promise<void>

  private constructor(
    connection: RedisConnection,
    options: RedisQueueOptions,
    { lock, jobs, file }: { lock: SearchLock; jobs: ChildJobs; file: FileToSend | undefined },
  ) {
    const { name, search, evaluator, note = () => {} } = options
    this.#connection = connection
    this.#lock = lock
    this.#jobs = jobs
    this.#file = file
    this.#note = note
    this.#keys = keysOf(name)
    this.#timing = { ...usualTiming, ...options.timing }
    this.#record = { search, version: packageVersion(), evaluator, file: file?.file }
    this.#workers = workersSeen(connection, this.#keys.workers, this.#timing)
  }

  static async open(
    connection: RedisConnection,
    options: RedisQueueOptions,
    file: FileToSend | undefined,
  ): Promise<RedisQueue> {
    const { name, search, url, note = () => {} } = options
    const { client } = connection
    const timing = { ...usualTiming, ...options.timing }
    const lock = await takeSearchLock(client, keysOf(name).lock, name, timing, note)
    const jobs = await openJobs(connection, name, search)
    const queue = new RedisQueue(connection, options, { lock, jobs, file })
    const before = await readRecord(client, name)
    if (before !== null && before.search !== search) {
      if (!before.closed) note(`Removing what an earlier search named ${name} has left on Redis`)
      await queue.#removeEarlier()
    }
    await queue.#start()
    if (queue.#workers.total() === 0)
      note(`No worker is there yet: toolkit search-worker --queue ${shownAddress(url)} --name ${name}`)
    return queue
  }

  capacity(): number {
    this.#offered = this.#capacity()
    return this.#offered
  }

  async submit(child: Child): Promise<void> {
    this.#owed.add(child.id)
    const known = this.#early.get(child.id)
    if (known !== undefined) {
      this.#early.delete(child.id)
      this.#answered.add(child.id)
      this.#ready.put(known)
      return
    }
    this.#inFlight.set(child.id, child)
    // Not awaited: while Redis is away, the search can still be stopped.
    this.#jobs.add(child).catch(this.#fail)
  }

  async next(signal?: AbortSignal): Promise<ChildResult | null> {
    if (this.#taken !== null) this.#results.forget(this.#taken)
    this.#taken = null
    if (this.#hasGrown()) {
      // Reported once: a search that wants no more children waits for results.
      this.#offered = this.#capacity()
      return null
    }
    const item = await this.#ready.take(signal)
    if (item === null) return null
    this.#taken = item.entry
    this.#owed.delete(item.result.id)
    return item.result
  }

  async close(): Promise<void> {
    this.#closing.abort()
    this.#results.close()
    await this.#connection.finalWrites(this.#closeMessage())
    this.#connection.close()
    await this.#beating
  }

  async #removeEarlier(): Promise<void> {
    const { results, workers, file } = this.#keys
    await Promise.all([this.#jobs.removeAll(), this.#connection.client.del(results, workers, file)])
  }

  async #start(): Promise<void> {
    await this.#announce()
    const { results } = this.#keys
    this.#results = await resultStream(this.#connection, results, this.#record.search, this.#onResult)
    await this.#workers.count()
    this.#connection.lost.catch(this.#fail)
    this.#beating = this.#beat().catch(this.#fail)
  }

  /** False for a result that is not needed. */
  readonly #onResult = (result: ChildResult, entry: string): boolean => {
    if (this.#inFlight.delete(result.id)) {
      this.#answered.add(result.id)
      this.#ready.put({ result, entry })
      return true
    }
    if (this.#answered.has(result.id) || this.#early.has(result.id)) return false
    this.#early.set(result.id, { result, entry })
    return true
  }

  readonly #fail = (error: Error): void => {
    if (!this.#closing.signal.aborted) this.#ready.fail(error)
  }

  /** Writes what workers must know of the search, and keeps it from expiring. */
  async #announce(): Promise<void> {
    const { client } = this.#connection
    // Before the record that names it.
    if (this.#file !== undefined) await keepOnRedis(client, this.#keys.file, this.#file)
    await Promise.all([
      client.set(this.#keys.record, JSON.stringify(this.#record), 'EX', KEEP_SECONDS),
      client.expire(this.#keys.results, KEEP_SECONDS),
      this.#jobs.limitEvents(),
    ])
  }

  /** Somewhat more than work at a time, so that none has to wait for its next child. */
  #capacity(): number {
    return Math.max(1, Math.ceil(1.25 * this.#workers.total()))
  }

  /** Whether workers have come that the search does not know of. */
  #hasGrown(): boolean {
    return this.#offered > 0 && this.#capacity() > this.#offered
  }

  /** Until the queue is closed, once a beat: renews the lock, counts workers, and hands out again what was lost. */
  async #beat(): Promise<void> {
    const onLost = (count: number): void =>
      this.#note(`Redis has lost ${count} children; they are handed out again`)
    while (!this.#closing.signal.aborted) {
      await this.#connection.persist(async () => {
        await this.#lock.renew()
        const reconciled = this.#jobs.reconcile(this.#inFlight, onLost)
        await Promise.all([this.#announce(), this.#workers.count(), reconciled])
      })
      if (this.#hasGrown()) this.#ready.wake()
      await sleep(this.#timing.beat, undefined, { signal: this.#closing.signal }).catch(() => {})
    }
  }

  /** Tells the workers that the search is over, and removes what they need no more. */
  async #closeMessage(): Promise<void> {
    const { client } = this.#connection
    const { record, file, results } = this.#keys
    // Throws if another search has taken the name: then nothing under it may be changed.
    await this.#lock.renew()
    await client.set(record, JSON.stringify({ ...this.#record, closed: true }), 'EX', KEEP_SECONDS)
    await this.#jobs.removeAll()
    await client.del(file)
    if (this.#owed.size === 0) await client.del(results)
    await this.#lock.release()
  }
}
