/**
 * A process that evaluates children, one after the other: a crash of ONNX Runtime or a kill for lack of memory costs
 * only the child that it evaluates. The worker pool starts it, and it ends when the pool's process does.
 */
import { isUserError } from '../../shared/errors.js'
import type { Evaluator } from '../evaluate/child.js'
import type { CreateEvaluator } from '../evaluate/evaluator.js'
import type { Order, Report } from './worker-messages.js'

// Ctrl-C reaches the whole group of processes; the parent decides what happens to the child in work.
for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => {})

/** By SIGKILL: while threads of ONNX Runtime compute, an orderly exit can hang, or crash and print a stack. */
const exit = (): void => void process.kill(process.pid, 'SIGKILL')
process.on('disconnect', exit)
if (!process.connected) exit()

let evaluator: Evaluator | undefined
let running: AbortController | null = null

const report = (message: Report): void => void process.send!(message)

async function handleOrder(order: Order): Promise<void> {
  switch (order.kind) {
    case 'open': {
      const { createEvaluator } = (await import(order.module)) as { createEvaluator: CreateEvaluator }
      evaluator = await createEvaluator(order.settings, order.machine)
      report({ kind: 'ready' })
      break
    }
    case 'evaluate': {
      running = new AbortController()
      const { signal } = running
      try {
        const result = await evaluator!.evaluate(order.child, signal)
        report(signal.aborted ? { kind: 'aborted' } : { kind: 'result', result })
      } catch (error) {
        if (!signal.aborted) throw error
        report({ kind: 'aborted' })
      } finally {
        running = null
      }
      break
    }
    case 'abort':
      running?.abort()
      break
    case 'close':
      // A child in work is not waited for: ONNX Runtime runs a step to its end, however long that takes.
      if (running === null) await evaluator?.close()
      exit()
  }
}

process.on('message', (order: Order) => {
  handleOrder(order).catch((error: unknown) => {
    if (isUserError(error)) report({ kind: 'refused', message: error.message })
    else {
      console.error(error)
      report({ kind: 'broken', message: error instanceof Error ? error.message : String(error) })
    }
  })
})
