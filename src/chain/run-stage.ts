/** Runs one stage in a process of its own. */
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { StageResults } from './chain-folder.js'
import type { StageName } from './plan.js'
import type { Order, Report, StageNews, StageOrder } from './stage-messages.js'

export interface StageOptions {
  /** Aborting it makes the stage save what it has and end. */
  signal: AbortSignal
  onNews(news: StageNews): void
}

/** A stage that did not come to its end. The message is for people. */
export class StageFailed extends Error {
  override name = 'StageFailed'
}

const script = fileURLToPath(new URL('./stage-process.js', import.meta.url))

/**
 * Runs a stage to its end; null: the signal stopped it.
 *
 * @throws StageFailed when the stage cannot go on, or its process dies
 */
export function runStage<S extends StageName>(
  stage: S,
  order: StageOrder,
  { signal, onNews }: StageOptions,
): Promise<StageResults[S] | null> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return resolve(null)
    // What it prints goes to stderr: stdout belongs to the results.
    const child = fork(script, { execArgv: [], stdio: ['ignore', 2, 2, 'ipc'] })
    let outcome: (() => void) | undefined
    /** A process that has just died cannot be sent anything; its end is reported by itself. */
    const send = (message: Order): void => void child.send(message, () => {})
    const stop = (): void => send({ kind: 'stop' })
    const end = (how: string): void => {
      signal.removeEventListener('abort', stop)
      if (outcome !== undefined) outcome()
      else reject(new StageFailed(`its process ${how}`))
    }
    child.on('message', (report: Report) => {
      switch (report.kind) {
        case 'ended':
          outcome ??= () => resolve(report.result as StageResults[S] | null)
          break
        case 'refused':
        case 'broken':
          outcome ??= () => reject(new StageFailed(report.message))
          break
        default:
          onNews(report)
      }
    })
    child.on('exit', (code, name) => end(name === null ? `ended with code ${code}` : `died of ${name}`))
    child.on('error', ({ message }) => end(`could not be started (${message})`))
    signal.addEventListener('abort', stop, { once: true })
    send({ kind: 'run', stage, order })
  })
}
