/** A worker: finds a search on Redis, evaluates its children until it is over, and looks for the next. */
import { UserError } from '../../shared/errors.js'
import { packageVersion } from '../../shared/package-root.js'
import { pause, unlessAborted } from '../execution/abortable.js'
import { evaluateChildren, type WorkOptions } from './child-worker.js'
import { type ConnectionOptions, connectRedis, type RedisConnection } from './connection.js'
import {
  checkName,
  type FoundSearch,
  longerTrainingOf,
  readRecord,
  runningSearches,
  usualTiming,
} from './search.js'

export interface RedisWorkerOptions extends ConnectionOptions, WorkOptions {
  /** Which search; needed where there are several. */
  name?: string
}

/**
 * Evaluates children of one search after the other until `signal` is aborted.
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
      if (found !== null) await evaluateChildren(found, connection, options)
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
  let noted = false
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
    if (!noted) note(`No search${wanted === undefined ? '' : ` ${wanted}`} is running yet; waiting for one`)
    noted = true
    await pause(timing?.beat ?? usualTiming.beat, signal)
  }
  return null
}
