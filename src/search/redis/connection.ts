/** A connection to Redis that outlasts its restarts, reports outages in plain words, and gives up after a while. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Redis, RedisOptions } from 'ioredis'
import { UserError } from '../../shared/errors.js'
import { checkAddress, isRedisError, meaningOf, shownAddress } from './address.js'
import { checkServer, FIRST_ANSWER, firstAnswer } from './server.js'

export interface ConnectionOptions {
  /** `redis://…` or `rediss://…` */
  url: string
  /** Seconds that Redis may be away before the connection is given up. 600 by default. */
  timeout?: number
  /** Called with a sentence when Redis is away, and when it is back. */
  note?: (text: string) => void
}

/** Milliseconds that {@link RedisConnection.finalWrites} waits at most. */
const FINAL_WRITES = 5000
/** Milliseconds without an answer after which a connection is taken for dead: more than Redis ever pauses for. */
const SILENCE = 20_000
/**
 * Milliseconds that a server may take to confirm that a connection is closed. ioredis waits so long also for one that
 * is closed already, and keeps the process alive meanwhile.
 */
const CLOSE_TIMEOUT = 100
/** Milliseconds before a command that Redis refused is repeated. */
const RETRY = 500

/** @throws UserError when the server does not answer within 5 seconds, refuses, or is too old */
export async function connectRedis(options: ConnectionOptions): Promise<RedisConnection> {
  checkAddress(options.url)
  // Loaded here: searches on one machine do without.
  const ioredis = await import('ioredis')
  const connection = new RedisConnection((settings) => new ioredis.Redis(options.url, settings), options)
  await connection.open()
  return connection
}

export class RedisConnection {
  readonly client: Redis
  /** Rejects with a UserError once Redis was away for longer than the timeout. */
  readonly lost: Promise<never>
  readonly #shown: string
  readonly #timeout: number
  readonly #note: (text: string) => void
  readonly #clients: Redis[] = []
  /** Rejects the commands under way. */
  readonly #underWay = new Set<(error: unknown) => void>()
  #lose = (_: Error): void => {}
  #opened = false
  #closed = false
  #failure: Error | null = null
  #lastError: unknown = null
  #awayTimer: NodeJS.Timeout | null = null

  constructor(
    makeClient: (settings: RedisOptions) => Redis,
    { url, timeout = 600, note = () => {} }: ConnectionOptions,
  ) {
    this.#shown = shownAddress(url)
    this.#timeout = timeout
    this.#note = note
    this.lost = new Promise<never>((_, reject) => {
      this.#lose = reject
    })
    // A caller that waits for nothing at that moment gets the error from its next command.
    this.lost.catch(() => {})
    this.client = this.#register(
      makeClient({
        connectTimeout: FIRST_ANSWER,
        socketTimeout: SILENCE,
        disconnectTimeout: CLOSE_TIMEOUT,
        maxRetriesPerRequest: null,
        retryStrategy: (times) => (this.#opened && !this.#closed ? Math.min(50 * 2 ** times, 2000) : null),
        // A primary that became a replica: its name may lead to the new primary by now.
        reconnectOnError: ({ message }) => message.startsWith('READONLY'),
      }),
    )
  }

  /** Waits until the server answers and can be used. Throws as {@link connectRedis}. */
  async open(): Promise<void> {
    try {
      await firstAnswer(this.client)
      // ioredis goes on with the first database where the address names one that does not exist.
      if (this.#lastError !== null) throw this.#lastError
      await checkServer(this.client, this.#note)
    } catch (error) {
      this.close()
      throw this.plain(this.#lastError ?? error)
    }
    this.#opened = true
    this.client.on('close', () => this.#onAway(this.#lastError ?? connectionClosed()))
    this.client.on('ready', () => this.#onBack())
  }

  /** Another connection to the server, for commands that block. */
  another(): Redis {
    return this.#register(this.client.duplicate())
  }

  /**
   * Repeats a command until Redis lets it succeed.
   *
   * @throws UserError when that takes longer than the timeout; errors that are not of Redis as they are
   */
  readonly persist = async <T>(command: () => Promise<T>): Promise<T> => {
    for (;;) {
      try {
        const answer = await this.#untilClosed(command)
        if (this.client.status === 'ready') this.#onBack()
        return answer
      } catch (error) {
        if (this.#failure !== null) throw this.#failure
        if (this.#closed || !isRedisError(error)) throw error
        this.#onAway(error)
        await sleep(RETRY)
      }
    }
  }

  /** Waits for what is written before closing, unless Redis is away: for a few seconds at most. Never rejects. */
  async finalWrites(writes: Promise<unknown>): Promise<void> {
    // What does not reach Redis expires there by itself.
    await Promise.race([writes, this.lost, sleep(FINAL_WRITES, undefined, { ref: false })]).catch(() => {})
  }

  /** The UserError that says what an error of Redis means; other errors as they are. */
  plain(error: unknown): unknown {
    if (this.#failure !== null) return this.#failure
    return isRedisError(error)
      ? new UserError(`Cannot use Redis at ${this.#shown}: ${meaningOf(error)}`, { cause: error })
      : error
  }

  /** Closes all connections at once. Commands under way, and later ones, reject. */
  close(): void {
    this.#closed = true
    if (this.#awayTimer !== null) clearTimeout(this.#awayTimer)
    for (const client of this.#clients) client.disconnect()
    // ioredis leaves commands pending that wait for a connection to come back.
    for (const reject of this.#underWay) reject(this.#failure ?? connectionClosed())
  }

  #register(client: Redis): Redis {
    this.#clients.push(client)
    // ioredis prints errors that have no listener.
    client.on('error', (error) => {
      this.#lastError = error
    })
    return client
  }

  #untilClosed<T>(command: () => Promise<T>): Promise<T> {
    // A command on a client that was closed while it reconnected would stay pending for ever.
    if (this.#closed) return Promise.reject(connectionClosed())
    return new Promise((resolve, reject) => {
      this.#underWay.add(reject)
      command()
        .then(resolve, reject)
        .finally(() => this.#underWay.delete(reject))
    })
  }

  #onAway(reason: unknown): void {
    if (this.#awayTimer !== null || this.#closed) return
    const why = meaningOf(reason)
    this.#note(`Redis at ${this.#shown} is away (${why}); trying again for up to ${this.#timeout} seconds`)
    this.#awayTimer = setTimeout(() => {
      const last = meaningOf(this.#lastError ?? reason)
      this.#failure = new UserError(`Redis at ${this.#shown} was away for ${this.#timeout} seconds: ${last}`)
      this.#lose(this.#failure)
      this.close()
    }, 1000 * this.#timeout)
  }

  #onBack(): void {
    if (this.#awayTimer === null) return
    clearTimeout(this.#awayTimer)
    this.#awayTimer = null
    this.#lastError = null
    this.#note(`Redis at ${this.#shown} is back`)
  }
}

const connectionClosed = (): Error => new Error('Connection is closed')
