/** One place of a worker pool: a process that evaluates one child at a time, and the next one when it has died. */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Child, ChildResult } from '../evaluate/child.js'
import type { Order, Report } from './worker-messages.js'

/** A child that is to be evaluated. */
export interface Task {
  child: Child
  /** How its processes died so far, for example `died of SIGSEGV`. */
  deaths: string[]
  settle(outcome: ChildResult | Error): void
}

/** The pool's side. */
export interface SlotListener {
  /** The process can take a child: it has started, or is done with one. */
  onIdle(slot: WorkerSlot): void
  /** It has ended, whatever the reason; `how` reads for example `ended with code 1`. Called once for each process. */
  onExit(slot: WorkerSlot, how: string): void
}

/** Milliseconds in which a process must leave what it is doing before it is killed. */
const GRACE = 2000

const script = fileURLToPath(new URL('./worker-process.js', import.meta.url))

export class WorkerSlot {
  readonly name: string
  state: 'starting' | 'idle' | 'busy' = 'starting'
  /** What its process evaluates; null for one that is not busy, or whose child was aborted. */
  task: Task | null = null
  /** How many processes died here, one after the other, before they could work. */
  deathsAtStart = 0
  /** Why it refuses to work, in words for the user, who can change that. */
  refusal: string | null = null
  readonly #opening: Order
  readonly #listener: SlotListener
  #process: ChildProcess
  /** A mistake in its program, known before the process has ended. */
  #fault: string | null = null
  #killTimer: NodeJS.Timeout | undefined

  /** Starts the process; `opening` is the first order that each gets. */
  constructor(name: string, opening: Order, listener: SlotListener) {
    this.name = name
    this.#opening = opening
    this.#listener = listener
    this.#process = this.#fork()
  }

  /** Starts the next process, after one that has ended. */
  restart(): void {
    this.state = 'starting'
    this.#fault = null
    this.#process = this.#fork()
  }

  evaluate(task: Task): void {
    this.task = task
    this.state = 'busy'
    this.#send({ kind: 'evaluate', child: task.child })
  }

  /** Makes the process drop its child, and kills it if it does not do so soon. */
  abort(): void {
    this.task = null
    this.#send({ kind: 'abort' })
    this.#killTimer = setTimeout(() => this.#process.kill('SIGKILL'), GRACE)
  }

  /** Asks the process to end, kills it if it does not do so soon, and waits for that. */
  end(): Promise<void> {
    const process = this.#process
    return new Promise((resolve) => {
      if (process.exitCode !== null || process.signalCode !== null || process.pid === undefined)
        return resolve()
      const timer = setTimeout(() => process.kill('SIGKILL'), GRACE)
      process.once('exit', () => {
        clearTimeout(timer)
        resolve()
      })
      this.#send({ kind: 'close' })
    })
  }

  #fork(): ChildProcess {
    // What a worker prints goes to stderr: stdout belongs to the results that the command prints.
    const process = fork(script, { execArgv: [], stdio: ['ignore', 2, 2, 'ipc'] })
    let ended = false
    const onEnd = (how: string): void => {
      if (ended) return
      ended = true
      clearTimeout(this.#killTimer)
      this.#listener.onExit(this, this.#fault ?? how)
    }
    process.on('message', (report: Report) => {
      if (!ended) this.#onReport(report)
    })
    process.on('exit', (code, signal) => onEnd(signal === null ? `ended with code ${code}` : diedOf(signal)))
    process.on('error', ({ message }) => onEnd(`could not be started (${message})`))
    process.send(this.#opening, () => {})
    return process
  }

  /** A process that has just died cannot be sent anything: its end is reported separately, so errors are ignored. */
  #send(order: Order): void {
    this.#process.send(order, () => {})
  }

  #onReport(report: Report): void {
    switch (report.kind) {
      case 'ready':
        this.deathsAtStart = 0
        this.#rest()
        break
      case 'result':
        this.task?.settle({ ...report.result, worker: this.name })
        this.#rest()
        break
      case 'aborted':
        this.#rest()
        break
      case 'refused':
        this.refusal = report.message
        this.#process.kill('SIGKILL')
        break
      case 'broken':
        this.#fault = `failed (${report.message})`
        this.#process.kill('SIGKILL')
    }
  }

  #rest(): void {
    clearTimeout(this.#killTimer)
    this.task = null
    this.state = 'idle'
    this.#listener.onIdle(this)
  }
}

const diedOf = (signal: string): string =>
  signal === 'SIGKILL' ? 'died of SIGKILL, perhaps for lack of memory' : `died of ${signal}`
