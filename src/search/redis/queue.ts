/**
 * The queue of a search whose workers are on other machines: children go out as BullMQ jobs on Redis, results come
 * back in a stream of our own. A worker writes its result there before BullMQ forgets the job; so a result counts
 * even when the job's lock was lost meanwhile, and stays until the search has written it down.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Queue } from 'bullmq'
import { packageVersion } from '../../shared/package-root.js'
import type { Child, ChildResult } from '../evaluate/child.js'
import type { EvaluatorSettings } from '../evaluate/evaluator.js'
import { mailbox } from '../execution/mailbox.js'
import type { WorkQueue } from '../execution/queue.js'
import { shownAddress } from './address.js'
import { type ConnectionOptions, connectRedis, type RedisConnection } from './connection.js'
import { type FileToSend, fileToSend, keepOnRedis } from './file.js'
import { takeSearchLock } from './lock.js'
import { workersSeen } from './presence.js'
import { resultStream } from './results.js'
import {
  checkName,
  KEEP_SECONDS,
  keysOf,
  QUEUE_PREFIX,
  readRecord,
  type SearchRecord,
  type Timing,
  usualTiming,
} from './search.js'

export interface RedisQueueOptions extends ConnectionOptions {
  /** Tells searches on one Redis apart. */
  name: string
  /** Of this search alone, drawn when it began and kept in its folder: its children are known by it after a restart. */
  search: string
  /** What the workers evaluate with. */
  evaluator: EvaluatorSettings
  /** A file of this machine that the workers need, and the evaluator's setting that names it. */
  file?: { setting: string; path: string }
  timing?: Partial<Timing>
}

/** Events that BullMQ keeps for onlookers; nobody here reads them. */
const EVENTS = 100

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
    return await Promise.race([openOn(connection, options, file), connection.lost])
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

async function openOn(
  connection: RedisConnection,
  options: RedisQueueOptions,
  file: FileToSend | undefined,
): Promise<WorkQueue> {
  const { name, search, evaluator, note = () => {} } = options
  const timing = { ...usualTiming, ...options.timing }
  const keys = keysOf(name)
  const { client } = connection
  const record: SearchRecord = { search, version: packageVersion(), evaluator, file: file?.file }

  const lock = await takeSearchLock(client, keys.lock, name, timing, note)
  const bullmq = await import('bullmq')
  const jobs: Queue<Child> = new bullmq.Queue(name, {
    connection: client,
    prefix: QUEUE_PREFIX,
    skipVersionCheck: true,
    skipMetasUpdate: true,
  })
  // What goes wrong is told by the connection, or by the command itself.
  jobs.on('error', () => {})
  const before = await readRecord(client, name)
  if (before !== null && before.search !== search) {
    if (!before.closed) note(`Dropping what an earlier search named ${name} has left on Redis`)
    await Promise.all([jobs.obliterate({ force: true }), client.del(keys.results, keys.workers, keys.file)])
  }
  await announce()

  const jobIdOf = (id: number): string => `${search}-${id}`
  const inFlight = new Map<number, Child>()
  const answered = new Set<number>()
  /** Submitted, and not given out by `next`. */
  const owed = new Set<number>()
  /** Results of children that this process has not submitted yet, and may: those of before a restart. */
  const early = new Map<number, { result: ChildResult; entry: string }>()
  const ready = mailbox<{ result: ChildResult; entry: string }>()
  const workers = workersSeen(connection, keys.workers, timing)
  let offered = 0
  let taken: string | null = null
  const closing = new AbortController()

  const results = await resultStream(connection, keys.results, search, (result, entry) => {
    if (inFlight.delete(result.id)) {
      answered.add(result.id)
      ready.put({ result, entry })
      return true
    }
    if (answered.has(result.id) || early.has(result.id)) return false
    early.set(result.id, { result, entry })
    return true
  })

  async function announce(): Promise<void> {
    // Before the record that names it.
    if (file !== undefined) await keepOnRedis(client, keys.file, file)
    await Promise.all([
      client.set(keys.record, JSON.stringify(record), 'EX', KEEP_SECONDS),
      client.expire(keys.results, KEEP_SECONDS),
      client.hset(jobs.toKey('meta'), 'opts.maxLenEvents', EVENTS),
    ])
  }

  async function add(child: Child): Promise<void> {
    const jobId = jobIdOf(child.id)
    // Named after the search, so that a worker of an earlier one of the same name knows that it is not meant.
    await connection.persist(() =>
      jobs.add(search, child, { jobId, removeOnComplete: true, removeOnFail: true }),
    )
  }

  /** Children that were without a job at the last look. */
  let missing = new Set<number>()

  /**
   * Hands out again what Redis has lost, and takes back what nobody waits for. A result may be under way when its
   * job is gone: only a child that is missing twice is lost.
   */
  async function look(): Promise<void> {
    const ids = [...inFlight.keys()]
    const jobKey = (id: number): string => jobs.toKey(jobIdOf(id))
    const [there, waiting] = await Promise.all([
      Promise.all(ids.map((id) => client.exists(jobKey(id)))),
      client.lrange(jobs.toKey('wait'), 0, -1),
    ])
    const absent = ids.filter((id, place) => there[place] === 0 && inFlight.has(id))
    const lost = absent.filter((id) => missing.has(id))
    missing = new Set(absent.filter((id) => !missing.has(id)))
    if (lost.length > 0) note(`Redis has lost ${lost.length} children; they are handed out again`)
    await Promise.all(lost.map((id) => add(inFlight.get(id)!)))
    const wanted = new Set([...inFlight.keys()].map(jobIdOf))
    await Promise.all(waiting.filter((jobId) => !wanted.has(jobId)).map((jobId) => jobs.remove(jobId)))
  }

  /** Somewhat more than work at a time, so that none has to wait for its next child. */
  const capacity = (): number => Math.max(1, Math.ceil(1.25 * workers.total()))
  /** Whether workers have come that the search does not know of. */
  const hasGrown = (): boolean => offered > 0 && capacity() > offered

  async function beat(): Promise<void> {
    while (!closing.signal.aborted) {
      await connection.persist(async () => {
        await lock.renew()
        await Promise.all([announce(), workers.count(), look()])
      })
      if (hasGrown()) ready.wake()
      await sleep(timing.beat, undefined, { signal: closing.signal }).catch(() => {})
    }
  }

  await workers.count()
  if (workers.total() === 0)
    note(`No worker is there yet: toolkit search-worker --queue ${shownAddress(options.url)} --name ${name}`)
  const fail = (error: Error): void => {
    if (!closing.signal.aborted) ready.fail(error)
  }
  connection.lost.catch(fail)
  const beating = beat().catch(fail)

  async function farewell(): Promise<void> {
    // Should another search have taken the name, nothing here is this one's any more.
    await lock.renew()
    await client.set(keys.record, JSON.stringify({ ...record, closed: true }), 'EX', KEEP_SECONDS)
    await jobs.obliterate({ force: true })
    await client.del(keys.file)
    if (owed.size === 0) await client.del(keys.results)
    await lock.release()
  }

  return {
    capacity() {
      offered = capacity()
      return offered
    },
    async submit(child) {
      owed.add(child.id)
      const known = early.get(child.id)
      if (known !== undefined) {
        early.delete(child.id)
        answered.add(child.id)
        ready.put(known)
        return
      }
      inFlight.set(child.id, child)
      // Not waited for: while Redis is away, the search can still be ended.
      add(child).catch(fail)
    },
    async next(signal) {
      if (taken !== null) results.forget(taken)
      taken = null
      if (hasGrown()) {
        // Told once: whoever does not want more waits on.
        offered = capacity()
        return null
      }
      const item = await ready.take(signal)
      if (item === null) return null
      taken = item.entry
      owed.delete(item.result.id)
      return item.result
    },
    async close() {
      closing.abort()
      results.close()
      await connection.lastWords(farewell())
      connection.close()
      await beating
    },
  }
}
