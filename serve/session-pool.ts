/** The sessions of one model. Each is kept alive: when its thread ends, another is started in its place. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ModelSession } from './model-session.js'
import type { Task } from './outputs.js'

export interface SessionPoolOptions<T extends Task> {
  /** The model's name, for warnings. */
  name: string
  /** How many sessions. */
  size: number
  open(): Promise<ModelSession<T>>
  /** A session was started. */
  onReady(): void
  /** A thread ended although nobody closed its session. */
  onDeath(): void
  /** No session is left, and the last attempt to start one failed. */
  onBroken(): void
  /** Receives one sentence whenever a thread ends and is started again, or cannot be. */
  onWarning(message: string): void
}

/** Delay before a session is started again, in ms: none at first, then longer after each failure to load. */
const restartDelay = (failures: number) => (failures === 0 ? 0 : Math.min(10_000, 100 * 2 ** failures))

export class SessionPool<T extends Task> {
  readonly #options: SessionPoolOptions<T>
  /** Undefined where a session is being started again. */
  readonly #sessions: (ModelSession<T> | undefined)[] = []
  /** Of each session that was started: settles when it is closed for good. */
  #slots: Promise<void>[] = []
  readonly #closing = new AbortController()
  #broken = false

  constructor(options: SessionPoolOptions<T>) {
    this.#options = options
  }

  /** Starts all sessions. @throws Error when one of them cannot be started; the others are closed */
  async start(): Promise<void> {
    const { size, open } = this.#options
    const opened = await Promise.allSettled(Array.from({ length: size }, open))
    this.#slots = opened.map(async (result, slot) => {
      if (result.status === 'fulfilled') await this.#keepAlive(slot, result.value)
    })
    const failure = opened.find((result) => result.status === 'rejected')
    if (failure === undefined) return
    await this.close()
    throw failure.reason
  }

  /** The sessions that can take an image now. */
  idle(): ModelSession<T>[] {
    return this.#sessions.filter((session) => session !== undefined).filter((session) => session.isIdle())
  }

  /** How many sessions the pool was made for. */
  get size(): number {
    return this.#options.size
  }

  /** How many sessions live, idle or not. */
  living(): number {
    return this.#sessions.filter((session) => session !== undefined).length
  }

  /** True while at least one session lives. */
  isReady(): boolean {
    return this.living() > 0
  }

  /** True after `onBroken`, until a session is started again. */
  isBroken(): boolean {
    return this.#broken
  }

  /** Ends all threads, each after the run that is under way. */
  async close(): Promise<void> {
    this.#closing.abort()
    for (const session of this.#sessions) void session?.close()
    await Promise.all(this.#slots)
  }

  /** Keeps a slot filled with a living session until the pool closes. */
  async #keepAlive(slot: number, first: ModelSession<T>): Promise<void> {
    const { name, onReady, onDeath, onWarning } = this.#options
    let session: ModelSession<T> | undefined = first
    while (session !== undefined) {
      this.#sessions[slot] = session
      this.#broken = false
      // The pool may have been closed while this session was handed over.
      if (this.#closing.signal.aborted) void session.close()
      else onReady()
      const reason = await session.ended
      this.#sessions[slot] = undefined
      if (this.#closing.signal.aborted) return
      onDeath()
      onWarning(`A worker of ${name} died (${reason}); it is started again.`)
      session = await this.#restart()
    }
  }

  /** A new session, however many attempts it takes; undefined when the pool closes. */
  async #restart(): Promise<ModelSession<T> | undefined> {
    const { name, open, onBroken, onWarning } = this.#options
    const { signal } = this.#closing
    for (let failures = 0; !signal.aborted; failures++) {
      try {
        await sleep(restartDelay(failures), undefined, { signal })
        const session = await open()
        if (!signal.aborted) return session
        await session.close()
      } catch (error) {
        if (signal.aborted) return
        onWarning(`A worker of ${name} cannot be started again: ${(error as Error).message}`)
        this.#broken = !this.isReady()
        if (this.#broken) onBroken()
      }
    }
  }
}
