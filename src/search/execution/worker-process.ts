/**
 * A process that evaluates children, one after the other: a crash of ONNX Runtime or a kill for lack of memory costs
 * the one that it has in hand. Started by the worker pool, which it talks to and outlives by nothing.
 */
import { isMendable } from '../../shared/errors.js'
import type { Evaluator } from '../evaluate/child.js'
import type { CreateEvaluator } from '../evaluate/evaluator.js'
import type { Order, Report } from './worker-messages.js'

// Ctrl-C reaches the whole group of processes; what becomes of the child in hand is for the parent to say.
for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => {})

// ONNX Runtime's threads may be computing: an orderly exit under them can hang, or crash with words that frighten.
const vanish = (): void => void process.kill(process.pid, 'SIGKILL')
process.on('disconnect', vanish)
if (!process.connected) vanish()

let evaluator: Evaluator | undefined
let running: AbortController | null = null

const report = (message: Report): void => void process.send!(message)

async function obey(order: Order): Promise<void> {
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
      // A child in hand cannot be waited for: ONNX Runtime runs a step to its end.
      if (running === null) await evaluator?.close()
      vanish()
  }
}

process.on('message', (order: Order) => {
  obey(order).catch((error: unknown) => {
    if (isMendable(error)) report({ kind: 'refused', message: error.message })
    else {
      console.error(error)
      report({ kind: 'broken', message: error instanceof Error ? error.message : String(error) })
    }
  })
})
