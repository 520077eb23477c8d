/**
 * The process of one stage. A stage has a process of its own, so that the server, which another process runs, answers
 * while networks are compiled, and lives on should a stage die. It ends when that other process does, with everything
 * saved.
 */
import { isUserError } from '../shared/errors.js'
import type { StageResults } from './chain-folder.js'
import type { StageName } from './plan.js'
import type { Stage } from './stage.js'
import { StageClock } from './stage-clock.js'
import type { Order, Report, StageOrder } from './stage-messages.js'

// Ctrl-C reaches the whole group of processes; the parent decides what happens.
for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => {})

/** Loaded when they are wanted: each brings what it trains with. */
const stages: { [S in StageName]: () => Promise<Stage<S>> } = {
  search: async () => (await import('./search-stage.js')).searchStage,
  classifier: async () => (await import('./classifier-stage.js')).classifierStage,
  detector: async () => (await import('./detector-stage.js')).detectorStage,
}

let clock: StageClock | undefined

function report(message: Report): Promise<void> {
  return new Promise((resolve) => {
    if (process.connected) process.send!(message, () => resolve())
    else resolve()
  })
}

async function run(name: StageName, order: StageOrder): Promise<void> {
  const stage = await stages[name]()
  clock = new StageClock(order.seconds)
  const result: StageResults[StageName] | null = await stage({
    ...order,
    clock,
    report: (news) => void report(news),
  }).finally(() => clock?.close())
  await report({ kind: 'ended', result })
}

/** By SIGKILL: threads of ONNX Runtime can make an orderly exit hang. Everything is on the disk by now. */
const exit = (): void => void process.kill(process.pid, 'SIGKILL')

process.on('disconnect', () => {
  if (clock === undefined) exit()
  clock?.stop()
})
process.on('message', (order: Order) => {
  if (order.kind === 'stop') {
    clock?.stop()
    // It has not begun to work.
    if (clock === undefined) void report({ kind: 'ended', result: null }).then(exit)
    return
  }
  run(order.stage, order.order)
    .catch((error: unknown) => {
      if (isUserError(error)) return report({ kind: 'refused', message: error.message })
      console.error(error)
      return report({ kind: 'broken', message: error instanceof Error ? error.message : String(error) })
    })
    .then(exit)
})
