/** The worker's side of a search on Redis: takes children, evaluates them, and hands back what it cannot finish. */
import type { Job, Worker } from 'bullmq'
import { UserError } from '../../shared/errors.js'
import { packageVersion } from '../../shared/package-root.js'
import type { Child, ChildResult, Evaluator } from '../evaluate/child.js'
import type { EvaluatorSettings } from '../evaluate/evaluator.js'
import { pause, unlessAborted } from '../execution/abortable.js'
import { type ConnectionOptions, connectRedis, type RedisConnection } from './connection.js'
import { settingsHere } from './file.js'
import { presence } from './presence.js'
import { writeResult } from './results.js'
import {
  checkName,
  type FoundSearch,
  keysOf,
  longerTrainingOf,
  QUEUE_PREFIX,
  readRecord,
  runningSearches,
  type Timing,
  usualTiming,
} from './search.js'

export interface RedisWorkerOptions extends ConnectionOptions {
  /** Which search; needed where there are several. */
  name?: string
  /** How many children to evaluate at a time. */
  processes: number
  /** Called for each search that the worker comes to. */
  evaluatorFor(settings: EvaluatorSettings): Promise<Evaluator>
  /** Ends the worker: children in hand go back. */
  signal: AbortSignal
  onBegin?: (child: Child) => void
  /** With null when the child was handed back. */
  onEnd?: (child: Child, result: ChildResult | null) => void
  timing?: Partial<Timing>
}

/**
 * A child that so many workers had in hand when they vanished is failed. Many, since machines that are lent come and
 * go, and since an outage of Redis makes all workers seem to vanish.
 */
const VANISHED = 10

/**
 * Works for one search after the other until `signal` is aborted.
 *
 * @throws UserError when Redis cannot be used or stays away, the search is another version's, or the evaluator cannot
 * evaluate any child here
 */
export async function runRedisWorker(options: RedisWorkerOptions): Promise<void> {
  const { name, signal } = options
  if (name !== undefined) checkName(name)
  const connection = await connectRedis(options)
  try {
    while (!signal.aborted) {
      const found = await findSearch(connection, options)
      if (found !== null) await workFor(found, connection, options)
    }
  } finally {
    connection.close()
  }
}

/** The search to work for, once there is one; null when aborted before. */
async function findSearch(
  { client, persist }: RedisConnection,
  { name: wanted, signal, note = () => {}, timing }: RedisWorkerOptions,
): Promise<FoundSearch | null> {
  let told = false
  while (!signal.aborted) {
    const running = await unlessAborted(
      signal,
      persist(() => runningSearches(client)),
    )
    if (running === null) break
    const names =
      wanted === undefined
        ? running
        : [wanted, longerTrainingOf(wanted)].filter((name) => running.includes(name)).slice(0, 1)
    if (names.length > 1)
      throw new UserError(`Several searches run here: ${names.join(', ')}; choose one with --name`)
    const record =
      names.length === 0
        ? null
        : await unlessAborted(
            signal,
            persist(() => readRecord(client, names[0])),
          )
    if (record !== null && !record.closed) {
      const version = packageVersion()
      if (record.version !== version)
        throw new UserError(
          `The search ${names[0]} is run by version ${record.version} of the toolkit, this worker is version ${version}; install the same on both machines`,
        )
      return { name: names[0], record }
    }
    if (!told) note(`No search${wanted === undefined ? '' : ` ${wanted}`} is running yet; waiting for one`)
    told = true
    await pause(timing?.beat ?? usualTiming.beat, signal)
  }
  return null
}

/** Evaluates children until the search is over, deserted, or the signal aborted. */
async function workFor(
  found: FoundSearch,
  connection: RedisConnection,
  options: RedisWorkerOptions,
): Promise<void> {
  const { name, record } = found
  const { processes, signal, note = () => {}, evaluatorFor, onBegin, onEnd } = options
  const timing = { ...usualTiming, ...options.timing }
  const keys = keysOf(name)
  const { client } = connection
  const fetched = await settingsHere(found, connection, signal, timing)
  if (fetched === null) return
  const evaluator = await evaluatorFor(fetched.settings).catch(async (error) => {
    await fetched.remove()
    throw error
  })
  const leaving = new AbortController()
  const inHand = new Set<string>()
  let failure: unknown = null

  async function evaluate(job: Job<Child>, token: string): Promise<void> {
    const child = job.data
    let result: ChildResult | null = null
    inHand.add(job.id!)
    onBegin?.(child)
    try {
      // Another search has taken the name since the last look.
      if (job.name !== record.search) leaving.abort()
      else result = await outcomeOf(child, job.stalledCounter)
      if (result === null) {
        await job.moveToWait(token)
        throw new bullmq.WaitingError()
      }
      await writeResult(connection, keys.results, record.search, result)
    } finally {
      inHand.delete(job.id!)
      onEnd?.(child, result)
    }
  }

  /** Null when the child is to go back. */
  async function outcomeOf(child: Child, vanished: number): Promise<ChildResult | null> {
    if (vanished >= VANISHED)
      return {
        id: child.id,
        worker: me.name,
        kind: 'failed',
        reason: `its workers vanished ${vanished} times`,
      }
    try {
      return await evaluator.evaluate(child, leaving.signal)
    } catch (error) {
      if (!leaving.signal.aborted) failure = error
      leaving.abort()
      return null
    }
  }

  const me = presence(connection, keys.workers)
  const bullmq = await import('bullmq')
  const worker: Worker<Child> = new bullmq.Worker(name, (job, token) => evaluate(job, token!), {
    connection: client,
    prefix: QUEUE_PREFIX,
    skipVersionCheck: true,
    concurrency: processes,
    lockDuration: timing.childLock,
    stalledInterval: timing.stalled,
    // What many lost locks mean is judged above, so that the search hears of it.
    maxStalledCount: Number.MAX_SAFE_INTEGER,
    // Milliseconds until a child is asked for again after Redis was away.
    runRetryDelay: 1000,
  })
  // What goes wrong on the way is told by the connection; a lost lock does no harm, since the result counts anyhow.
  worker.on('error', () => {})

  const stop = (): void => leaving.abort()
  signal.addEventListener('abort', stop)
  connection.lost.catch((error) => {
    failure ??= error
    leaving.abort()
  })
  if (signal.aborted) stop()
  note(`Working for the search ${name}, ${processes} children at a time`)

  /** Gives a sign of life and looks at the search's. */
  const look = () => Promise.all([readRecord(client, name), client.exists(keys.lock), me.sign(processes)])

  /** Since when nobody runs the search. */
  let desertedAt: number | null = null
  try {
    while (!leaving.signal.aborted) {
      const state = await unlessAborted(leaving.signal, connection.persist(look))
      if (state === null) break
      const [current, isRun] = state
      if (current !== null && (current.closed || current.search !== record.search)) {
        note(`The search ${name} is over`)
        break
      }
      desertedAt = isRun ? null : (desertedAt ?? performance.now())
      if (desertedAt !== null && inHand.size === 0 && performance.now() - desertedAt > timing.orphaned) {
        note(`Nobody runs the search ${name} any more`)
        break
      }
      await pause(timing.beat, leaving.signal)
    }
  } finally {
    leaving.abort()
    signal.removeEventListener('abort', stop)
    await connection.lastWords(Promise.all([worker.close(), me.leave()]))
    await evaluator.close()
    await fetched.remove()
  }
  if (failure !== null) throw failure
}
