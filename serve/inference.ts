/**
 * A model behind a bounded queue: requests wait here, workers take them in the order they came. A request is
 * given its place before its image is decoded, so that the bound holds for decoding too.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { ServeError } from './errors.js'
import type { CardOf, Outputs, Task } from './outputs.js'
import { overloaded } from './problem.js'
import { type Session, startSession } from './session.js'

export interface InferenceOptions<T extends Task> {
  path: string
  /** SHA-256 of the file that the card was read from, in hexadecimal digits: a file of other bytes is refused. */
  sha256: string
  card: CardOf<T>
  /** Worker threads, each with a session of its own. */
  workers: number
  /** Threads that each session computes with. */
  threads: number
  /** How many requests may wait beyond those that the workers compute. */
  queue: number
  /** Nobody is let in who would probably wait for longer than this, in seconds; by default, there is no such bound. */
  patience?: number
  /** Told in one sentence whenever a worker dies and is started again, or cannot be. */
  onTrouble: (message: string) => void
}

export interface Answer<T extends Task> {
  outputs: Outputs[T]
  /** Time in the queue and in the model. */
  milliseconds: { queue: number; inference: number }
}

export interface Place<T extends Task> {
  /**
   * Queues one image (uint8, height × width × 3, RGB) and waits for its answer. Rejects with the signal's reason once it
   * is aborted: an image that waits leaves the queue, one that is computed is computed for nobody.
   */
  infer(pixels: Uint8Array, signal: AbortSignal): Promise<Answer<T>>
  /** Gives the place to somebody else; to be called once, whatever happened. */
  leave(): void
}

export interface Inference<T extends Task = Task> {
  readonly card: CardOf<T>
  /** True while at least one worker can compute. */
  isReady(): boolean
  /** @throws Problem 503 when every place is taken, or the server is closing */
  enter(): Place<T>
  /** Ends the workers, each after the run it is in; whoever still waits is answered 503. */
  close(): Promise<void>
}

interface Job<T extends Task> {
  pixels: Uint8Array
  entered: number
  resolve: (answer: Answer<T>) => void
  reject: (error: Error) => void
}

/** A worker that dies is started again at once; one that dies while loading waits ever longer. */
const restartMilliseconds = (failures: number) => (failures === 0 ? 0 : Math.min(10_000, 100 * 2 ** failures))

/** Loads the model in its workers. @throws ServeError when it cannot be loaded or is not what its card says */
export async function startInference<T extends Task>(options: InferenceOptions<T>): Promise<Inference<T>> {
  const { card, path, sha256, threads, queue, patience = Number.POSITIVE_INFINITY, onTrouble } = options
  if (card.labels.length === 0) throw new ServeError(`${path} has no labels; export it with its classes.`)
  const waiting: Job<T>[] = []
  const sessions: (Session<T> | undefined)[] = []
  const stop = new AbortController()
  let inside = 0
  /** Moving mean of the time that one image takes; 0 before the first. */
  let meanMilliseconds = 0
  /** No worker lives and the last attempt to start one failed: nobody is asked to wait for the next. */
  let broken = false
  let closing = false

  const start = () => {
    const { task, inputSize, labels } = card
    return startSession<T>({ path, sha256, threads, task, inputSize, classes: labels.length })
  }

  /** Hands waiting images to idle workers. */
  const dispatch = () => {
    for (const session of sessions) {
      if (!session?.isIdle()) continue
      const job = waiting.shift()
      if (job === undefined) return
      void compute(session, job)
    }
  }

  const compute = async (session: Session<T>, job: Job<T>) => {
    const begun = performance.now()
    try {
      const { outputs, milliseconds } = await session.run(job.pixels)
      meanMilliseconds = meanMilliseconds === 0 ? milliseconds : 0.8 * meanMilliseconds + 0.2 * milliseconds
      job.resolve({ outputs, milliseconds: { queue: begun - job.entered, inference: milliseconds } })
    } catch (error) {
      job.reject(closing ? closed() : (error as Error))
    }
    dispatch()
  }

  /** Keeps one slot filled with a living session until the server closes. */
  const occupy = async (slot: number, first: Session<T>) => {
    let session: Session<T> | undefined = first
    while (session !== undefined) {
      sessions[slot] = session
      broken = false
      if (closing) void session.close()
      else dispatch()
      const reason = await session.ended
      sessions[slot] = undefined
      if (closing) return
      onTrouble(`A worker of ${card.name} died (${reason}); it is started again.`)
      session = await revive()
    }
  }

  const revive = async (): Promise<Session<T> | undefined> => {
    for (let failures = 0; !closing; failures++) {
      try {
        await sleep(restartMilliseconds(failures), undefined, { signal: stop.signal })
        const session = await start()
        if (!closing) return session
        await session.close()
      } catch (error) {
        if (closing) return
        onTrouble(`A worker of ${card.name} cannot be started again: ${(error as Error).message}`)
        broken = !isReady()
        if (broken) for (const job of waiting.splice(0)) job.reject(noWorker())
      }
    }
  }

  const isReady = () => sessions.some((session) => session !== undefined)
  const closed = () => overloaded('The server is closing.')
  const noWorker = () => overloaded(`No worker of ${card.name} can be started.`, 10)

  const enter = (): Place<T> => {
    if (closing) throw closed()
    if (broken) throw noWorker()
    const expectedSeconds = (inside * meanMilliseconds) / options.workers / 1000
    if (inside >= options.workers + queue || expectedSeconds > patience)
      throw overloaded(
        `${inside} requests are in work or waiting already; try again in a moment.`,
        Math.min(60, Math.max(1, Math.ceil(expectedSeconds / 2))),
      )
    inside++
    return {
      leave: () => {
        inside--
      },
      infer: (pixels, signal) =>
        new Promise((resolve, reject) => {
          if (signal.aborted) return reject(signal.reason)
          if (closing) return reject(closed())
          const job = { pixels, entered: performance.now(), resolve, reject }
          signal.addEventListener(
            'abort',
            () => {
              const index = waiting.indexOf(job)
              if (index >= 0) waiting.splice(index, 1)
              reject(signal.reason)
            },
            { once: true },
          )
          waiting.push(job)
          dispatch()
        }),
    }
  }

  const started = await Promise.allSettled(Array.from({ length: options.workers }, start))
  const lives = started.map(async (result, slot) => {
    if (result.status === 'fulfilled') await occupy(slot, result.value)
  })

  const close = async () => {
    closing = true
    stop.abort()
    for (const job of waiting.splice(0)) job.reject(closed())
    for (const session of sessions) session?.close()
    await Promise.all(lives)
  }

  const failure = started.find((result) => result.status === 'rejected')
  if (failure !== undefined) {
    await close()
    throw new ServeError(`${path} cannot be run: ${(failure.reason as Error).message}`)
  }
  return { card, isReady, enter, close }
}
