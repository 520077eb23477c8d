/** A connection to Redis that outlasts its restarts, says so in plain words, and gives up after a while. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { UserError } from '../../shared/errors.js'
import { checkAddress, isRedisError, meaningOf, shownAddress } from './address.js'

export interface ConnectionOptions {
  /** `redis://…` or `rediss://…` */
  url: string
  /** Seconds that Redis may be away before the connection is given up. 600 by default. */
  patience?: number
  /** Hears that Redis is away, and back. */
  note?: (text: string) => void
}

export interface RedisConnection {
  readonly client: Redis
  /** Another connection, for commands that block. */
  another(): Redis
  /**
   * Repeats what Redis does not let succeed until it does.
   *
   * @throws UserError when that takes longer than the patience
   */
  persist<T>(command: () => Promise<T>): Promise<T>
  /** Waits for what may be said to Redis before leaving, unless it is away: for a few seconds at most. */
  lastWords(words: Promise<unknown>): Promise<void>
  /** The UserError that says what an error from Redis means; other errors as they are. */
  plain(error: unknown): unknown
  /** Rejects with a UserError once Redis was away for longer than the patience. */
  readonly lost: Promise<never>
  close(): void
}

/** Milliseconds in which a server must answer at first. */
const FIRST_ANSWER = 5000
/** Milliseconds that the last words may take. */
const FAREWELL = 5000
/** Milliseconds without an answer after which a connection is taken for dead: more than Redis ever pauses for. */
const SILENCE = 20_000
/** The oldest version that BullMQ recommends. */
const OLDEST = [6, 2]

/** @throws UserError when the server does not answer within 5 seconds, refuses, or is too old */
export async function connectRedis(options: ConnectionOptions): Promise<RedisConnection> {
  const { url, patience = 600, note = () => {} } = options
  checkAddress(url)
  const shown = shownAddress(url)
  // Loaded here: searches on one machine do without.
  const ioredis = await import('ioredis')
  let opened = false
  let awayTimer: NodeJS.Timeout | null = null
  let failure: Error | null = null
  let closed = false
  let lose = (_: Error): void => {}
  const lost = new Promise<never>((_, reject) => {
    lose = reject
  })
  // Whoever has nothing to wait for at that moment learns it from the next command.
  lost.catch(() => {})

  const clients: Redis[] = []
  function register(client: Redis): Redis {
    clients.push(client)
    // ioredis writes errors that nobody listens to on the console.
    client.on('error', (error) => {
      lastError = error
    })
    return client
  }
  let lastError: unknown = null
  const client = register(
    new ioredis.Redis(url, {
      connectTimeout: FIRST_ANSWER,
      socketTimeout: SILENCE,
      maxRetriesPerRequest: null,
      retryStrategy: (times) => (opened && !closed ? Math.min(50 * 2 ** times, 2000) : null),
      // A primary that became a replica: its name may lead to the new primary by now.
      reconnectOnError: ({ message }) => message.startsWith('READONLY'),
    }),
  )

  /** What rejects the commands under way. */
  const underWay = new Set<(error: unknown) => void>()

  function close(): void {
    closed = true
    if (awayTimer !== null) clearTimeout(awayTimer)
    for (const each of clients) each.disconnect()
    // ioredis leaves commands pending that wait for a connection to come back.
    for (const reject of underWay) reject(failure ?? new Error('Connection is closed'))
  }

  function untilClosed<T>(command: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      underWay.add(reject)
      command.then(resolve, reject).finally(() => underWay.delete(reject))
    })
  }

  function away(reason: unknown): void {
    if (awayTimer !== null || closed) return
    const why = meaningOf(reason)
    note(`Redis at ${shown} is away (${why}); trying again for up to ${patience} seconds`)
    awayTimer = setTimeout(() => {
      failure = new UserError(
        `Redis at ${shown} was away for ${patience} seconds: ${meaningOf(lastError ?? reason)}`,
      )
      lose(failure)
      close()
    }, 1000 * patience)
  }

  function back(): void {
    if (awayTimer === null) return
    clearTimeout(awayTimer)
    awayTimer = null
    lastError = null
    note(`Redis at ${shown} is back`)
  }

  function plain(error: unknown): unknown {
    if (failure !== null) return failure
    return isRedisError(error)
      ? new UserError(`Cannot use Redis at ${shown}: ${meaningOf(error)}`, { cause: error })
      : error
  }

  try {
    await firstAnswer(client)
    // A database that does not exist is no reason for ioredis to stop: it takes the first.
    if (lastError !== null) throw lastError
    await checkServer(client, note)
  } catch (error) {
    close()
    throw plain(lastError ?? error)
  }
  opened = true
  client.on('close', () => away(lastError ?? new Error('Connection is closed')))
  client.on('ready', back)

  return {
    client,
    lost,
    close,
    plain,
    async lastWords(words) {
      // Should they not reach Redis, what is left there lapses by itself.
      await Promise.race([words, lost, sleep(FAREWELL, undefined, { ref: false })]).catch(() => {})
    },
    another: () => register(client.duplicate()),
    async persist(command) {
      for (;;) {
        try {
          const answer = await untilClosed(command())
          if (client.status === 'ready') back()
          return answer
        } catch (error) {
          if (failure !== null) throw failure
          if (closed || !isRedisError(error)) throw error
          away(error)
          await sleep(500)
        }
      }
    },
  }
}

/** Throws what the connection failed of. */
async function firstAnswer(client: Redis): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  try {
    await new Promise<void>((resolve, reject) => {
      client.once('ready', resolve)
      client.once('end', () => reject(new Error('Connection is closed')))
      timer = setTimeout(() => reject(new Error('Command timed out')), FIRST_ANSWER)
    })
  } finally {
    clearTimeout(timer)
  }
}

/** Throws what the server does not let be done. */
async function checkServer(client: Redis, note: (text: string) => void): Promise<void> {
  const info = new Map(
    (await client.info()).split('\r\n').map((line) => line.split(/:(.*)/, 2) as [string, string]),
  )
  const version = info.get('redis_version') ?? ''
  const [major, minor] = version.split('.').map(Number)
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]))
    throw new UserError(`Redis is version ${version} there, but must be ${OLDEST.join('.')} or newer`)
  await client.set('toolkit:probe', '', 'PX', 1)
  const policy = info.get('maxmemory_policy') ?? 'noeviction'
  if (policy !== 'noeviction' && info.get('maxmemory') !== '0')
    note(
      `Redis may throw away children when its memory is full (maxmemory-policy is ${policy}); set it to noeviction`,
    )
}
