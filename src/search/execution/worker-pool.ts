/** Worker processes on this machine that evaluate children side by side, and are replaced when they die. */
import { availableParallelism, hostname } from 'node:os'
import { UserError } from '../../shared/errors.js'
import type { Child, ChildResult, Evaluator } from '../evaluate/child.js'
import type { EvaluatorSettings } from '../evaluate/evaluator.js'
import type { Machine } from '../evaluate/machine.js'
import type { Order } from './worker-messages.js'
import { type SlotListener, type Task, WorkerSlot } from './worker-slot.js'

export interface PoolOptions extends Machine {
  evaluator: EvaluatorSettings
  /** As many as there are cores by default. */
  processes?: number
  /** Exports `createEvaluator`; by default the module that knows the toolkit's own evaluators. */
  module?: URL
  /** Called with a sentence about each process that died. */
  note?: (text: string) => void
}

/** A child whose processes died so many times is given up, a process that died so often before it could work too. */
const TRIES = 3

const ownModule = new URL('../evaluate/evaluator.js', import.meta.url)

/** Evaluates as many children at a time as there are processes; more wait in line. */
export class WorkerPool implements Evaluator {
  /** Resolves when the first process can work. Rejects with a UserError when none can, now or later. */
  readonly ready: Promise<void>
  readonly #note: (text: string) => void
  readonly #processes: number
  readonly #waiting: Task[] = []
  readonly #slots = new Set<WorkerSlot>()
  #failure: UserError | null = null
  #closing = false
  #resolveReady = (): void => {}
  #rejectReady = (_: UserError): void => {}

  /** Starts the processes. */
  constructor(options: PoolOptions) {
    const { evaluator, processes = availableParallelism(), module = ownModule, note = () => {} } = options
    const { threads = Math.max(1, Math.floor(availableParallelism() / processes)) } = options
    const { dataFolder, imageFolder } = options
    this.#note = note
    this.#processes = processes
    this.ready = new Promise((resolve, reject) => {
      this.#resolveReady = resolve
      this.#rejectReady = reject
    })
    // A caller that does not wait for it gets the same error from the first child.
    this.ready.catch(() => {})
    const machine = { threads, dataFolder, imageFolder }
    const opening: Order = { kind: 'open', module: module.href, settings: evaluator, machine }
    const listener: SlotListener = {
      onIdle: () => {
        this.#resolveReady()
        this.#assign()
      },
      onExit: (slot, how) => {
        if (!this.#closing) this.#onWorkerExit(slot, how)
      },
    }
    for (let place = 1; place <= processes; place++)
      this.#slots.add(new WorkerSlot(`${hostname()}/${place}`, opening, listener))
  }

  /** Processes that work, or will in a moment. */
  size(): number {
    return this.#slots.size
  }

  evaluate(child: Child, signal: AbortSignal): Promise<ChildResult> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== null) return reject(this.#failure)
      if (signal.aborted) return reject(signal.reason)
      const onAbort = (): void => {
        this.#abandon(task)
        reject(signal.reason)
      }
      const task: Task = {
        child,
        deaths: [],
        settle(outcome) {
          signal.removeEventListener('abort', onAbort)
          if (outcome instanceof Error) reject(outcome)
          else resolve(outcome)
        },
      }
      signal.addEventListener('abort', onAbort, { once: true })
      this.#waiting.push(task)
      this.#assign()
    })
  }

  /** Ends the processes; children that are not done are never settled. */
  async close(): Promise<void> {
    this.#closing = true
    this.#waiting.length = 0
    await Promise.all([...this.#slots].map((slot) => slot.end()))
  }

  #assign(): void {
    for (const slot of this.#slots) {
      if (slot.state !== 'idle') continue
      const task = this.#waiting.shift()
      if (task === undefined) return
      slot.evaluate(task)
    }
  }

  /** Gives the child of a process that has ended to another, and replaces the process unless it could never work. */
  #onWorkerExit(slot: WorkerSlot, how: string): void {
    const { task, state, refusal } = slot
    slot.task = null
    if (refusal !== null) {
      if (task !== null) this.#waiting.unshift(task)
      this.#drop(slot, refusal)
      return
    }
    if (task !== null) this.#onChildDeath(task, slot.name, how)
    if (state === 'starting' && ++slot.deathsAtStart >= TRIES)
      this.#drop(slot, `A worker process ${times(how, TRIES)} before it could work`)
    else slot.restart()
  }

  /** Puts a child whose process has died back to the front of the line, or fails it after too many deaths. */
  #onChildDeath(task: Task, worker: string, how: string): void {
    const { child, deaths } = task
    deaths.push(how)
    this.#note(`The process of child ${child.id} ${how}`)
    if (deaths.length < TRIES) this.#waiting.unshift(task)
    else task.settle({ id: child.id, worker, kind: 'failed', reason: reasonOf(deaths) })
  }

  /** Goes on without a process; fails all children when it was the last. */
  #drop(slot: WorkerSlot, reason: string): void {
    this.#slots.delete(slot)
    if (this.#slots.size > 0) {
      this.#note(`${reason}; ${this.#slots.size} of ${this.#processes} worker processes go on`)
      this.#assign()
      return
    }
    this.#failure = new UserError(reason)
    this.#rejectReady(this.#failure)
    for (const task of this.#waiting.splice(0)) task.settle(this.#failure)
  }

  /** Takes an aborted child out of the line or from its process. */
  #abandon(task: Task): void {
    const place = this.#waiting.indexOf(task)
    if (place >= 0) this.#waiting.splice(place, 1)
    for (const slot of this.#slots) if (slot.task === task) slot.abort()
  }
}

/** For example `died of SIGSEGV 3 times`. */
const times = (how: string, count: number): string => `${how}${how.includes(',') ? ',' : ''} ${count} times`

function reasonOf(deaths: string[]): string {
  const kinds = [...new Set(deaths)]
  return kinds.length === 1
    ? `its process ${times(kinds[0], deaths.length)}`
    : `its process ended ${deaths.length} times: it ${kinds.join('; it ')}`
}
