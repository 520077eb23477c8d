/** Worker processes on this machine that evaluate children side by side, and are replaced when they die. */
import { type ChildProcess, fork } from 'node:child_process'
import { availableParallelism, hostname } from 'node:os'
import { fileURLToPath } from 'node:url'
import { UserError } from '../../shared/errors.js'
import type { Child, ChildResult, Evaluator } from '../evaluate/child.js'
import type { EvaluatorSettings } from '../evaluate/evaluator.js'
import type { Machine } from '../evaluate/machine.js'
import type { Order, Report } from './worker-messages.js'

export interface PoolOptions extends Machine {
  evaluator: EvaluatorSettings
  /** As many as there are cores by default. */
  processes?: number
  /** Exports `createEvaluator`; by default the module that knows the toolkit's own evaluators. */
  module?: URL
  /** Hears of processes that died. */
  note?: (text: string) => void
}

/** Evaluates as many children at a time as there are processes; more wait in line. */
export interface WorkerPool extends Evaluator {
  /** Processes that work, or will in a moment. */
  size(): number
  /** Resolves when the first process can work. Rejects with a UserError when none can, now or later. */
  ready: Promise<void>
}

/** A child whose processes died so many times is given up, a process that died so often before it could work too. */
const TRIES = 3
/** Milliseconds in which a process must leave what it is doing before it is killed. */
const GRACE = 2000

interface Task {
  child: Child
  /** How its processes died so far. */
  deaths: string[]
  settle(outcome: ChildResult | Error): void
}

interface Slot {
  name: string
  process: ChildProcess
  state: 'starting' | 'idle' | 'busy'
  /** Null for a busy process whose child nobody wants any more. */
  task: Task | null
  deathsAtStart: number
  /** Why it refuses to work, which the user can mend. */
  refusal: string | null
  /** What went wrong in it, known before it ends. */
  broken: string | null
  killTimer?: NodeJS.Timeout
}

const entry = fileURLToPath(new URL('./worker-process.js', import.meta.url))
const ownModule = new URL('../evaluate/evaluator.js', import.meta.url)

/** Starts the processes. */
export function openWorkerPool(options: PoolOptions): WorkerPool {
  const { evaluator, processes = availableParallelism(), module = ownModule, note = () => {} } = options
  const { threads = Math.max(1, Math.floor(availableParallelism() / processes)) } = options
  const { dataFolder, imageFolder } = options
  const waiting: Task[] = []
  const slots = new Set<Slot>()
  let failure: UserError | null = null
  let closing = false
  let [begin, giveUp] = [() => {}, (_: UserError) => {}]
  const ready = new Promise<void>((resolve, reject) => {
    begin = resolve
    giveUp = reject
  })
  // Whoever does not wait for it learns the same from the first child.
  ready.catch(() => {})

  function start(slot: Slot): void {
    slot.state = 'starting'
    slot.broken = null
    // What a worker prints is news for people: standard output belongs to the command's figures.
    slot.process = fork(entry, { execArgv: [], stdio: ['ignore', 2, 2, 'ipc'] })
    const process = slot.process
    let ended = false
    const onEnd = (how: string): void => {
      if (ended) return
      ended = true
      clearTimeout(slot.killTimer)
      if (!closing) bury(slot, slot.broken ?? how)
    }
    process.on('message', (report: Report) => {
      if (!ended) hear(slot, report)
    })
    process.on('exit', (code, signal) => onEnd(signal === null ? `ended with code ${code}` : diedOf(signal)))
    process.on('error', ({ message }) => onEnd(`could not be started (${message})`))
    const machine = { threads, dataFolder, imageFolder }
    send(slot, { kind: 'open', module: module.href, settings: evaluator, machine })
  }

  /** To a process that has just died nothing can be sent; its end is heard of separately. */
  function send(slot: Slot, order: Order): void {
    slot.process.send(order, () => {})
  }

  function hear(slot: Slot, report: Report): void {
    switch (report.kind) {
      case 'ready':
        begin()
        slot.deathsAtStart = 0
        rest(slot)
        break
      case 'result':
        slot.task?.settle({ ...report.result, worker: slot.name })
        rest(slot)
        break
      case 'aborted':
        rest(slot)
        break
      case 'refused':
        slot.refusal = report.message
        slot.process.kill('SIGKILL')
        break
      case 'broken':
        slot.broken = `failed (${report.message})`
        slot.process.kill('SIGKILL')
    }
  }

  function rest(slot: Slot): void {
    clearTimeout(slot.killTimer)
    slot.task = null
    slot.state = 'idle'
    assign()
  }

  function assign(): void {
    for (const slot of slots) {
      if (slot.state !== 'idle') continue
      const task = waiting.shift()
      if (task === undefined) return
      Object.assign(slot, { task, state: 'busy' })
      send(slot, { kind: 'evaluate', child: task.child })
    }
  }

  /** A process has ended: its child goes to another, its place too unless it could never work. */
  function bury(slot: Slot, how: string): void {
    const { task, state, refusal } = slot
    slot.task = null
    if (refusal !== null) {
      if (task !== null) waiting.unshift(task)
      drop(slot, refusal)
      return
    }
    if (task !== null) {
      task.deaths.push(how)
      note(`The process of child ${task.child.id} ${how}`)
      if (task.deaths.length < TRIES) waiting.unshift(task)
      else
        task.settle({ id: task.child.id, worker: slot.name, kind: 'failed', reason: reasonOf(task.deaths) })
    }
    if (state === 'starting' && ++slot.deathsAtStart >= TRIES)
      drop(slot, `A worker process ${times(how, TRIES)} before it could work`)
    else start(slot)
  }

  function drop(slot: Slot, reason: string): void {
    slots.delete(slot)
    if (slots.size > 0) {
      note(`${reason}; ${slots.size} of ${processes} worker processes go on`)
      assign()
      return
    }
    failure = new UserError(reason)
    giveUp(failure)
    for (const task of waiting.splice(0)) task.settle(failure)
  }

  /** Its child is not wanted any more. */
  function abandon(task: Task): void {
    const place = waiting.indexOf(task)
    if (place >= 0) waiting.splice(place, 1)
    for (const slot of slots) {
      if (slot.task !== task) continue
      slot.task = null
      send(slot, { kind: 'abort' })
      slot.killTimer = setTimeout(() => slot.process.kill('SIGKILL'), GRACE)
    }
  }

  function end({ process }: Slot): Promise<void> {
    return new Promise((resolve) => {
      if (process.exitCode !== null || process.signalCode !== null || process.pid === undefined)
        return resolve()
      const timer = setTimeout(() => process.kill('SIGKILL'), GRACE)
      process.once('exit', () => {
        clearTimeout(timer)
        resolve()
      })
      process.send({ kind: 'close' } satisfies Order, () => {})
    })
  }

  for (let place = 1; place <= processes; place++) {
    const slot = { name: `${hostname()}/${place}`, task: null, deathsAtStart: 0, refusal: null } as Slot
    slots.add(slot)
    start(slot)
  }

  return {
    ready,
    size: () => slots.size,
    evaluate(child, signal) {
      return new Promise((resolve, reject) => {
        if (failure !== null) return reject(failure)
        if (signal.aborted) return reject(signal.reason)
        const onAbort = (): void => {
          abandon(task)
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
        waiting.push(task)
        assign()
      })
    },
    async close() {
      closing = true
      waiting.length = 0
      await Promise.all([...slots].map(end))
    },
  }
}

const diedOf = (signal: string): string =>
  signal === 'SIGKILL' ? 'died of SIGKILL, perhaps for lack of memory' : `died of ${signal}`

/** For example `died of SIGSEGV 3 times`. */
const times = (how: string, count: number): string => `${how}${how.includes(',') ? ',' : ''} ${count} times`

function reasonOf(deaths: string[]): string {
  const kinds = [...new Set(deaths)]
  return kinds.length === 1
    ? `its process ${times(kinds[0], deaths.length)}`
    : `its process ended ${deaths.length} times: it ${kinds.join('; it ')}`
}
