/** An evaluator for tests: no training, a reward that is a function of the decisions, and mishaps on request. */
import { appendFileSync, existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Child, ChildResult, Evaluator } from '../../../src/search/evaluate/child.js'
import type { EvaluatorSettings } from '../../../src/search/evaluate/evaluator.js'
import type { Timing } from '../../../src/search/redis/search.js'
import { UserError } from '../../../src/shared/errors.js'

export interface FakeSettings extends EvaluatorSettings {
  kind: 'fake'
  /** How long a child takes. */
  millis?: number
  /** Children take until there is a file of this path. */
  release?: string
  /** Each process leaves an empty file here, named by its id. */
  pids?: string
  /** A file that each begun child is written to. */
  log?: string
  /** What happens at the start of a process. */
  start?: 'refuse' | 'refuse once' | 'die'
  /** What happens to the child of this id. */
  mishap?: { id: number; how: 'SIGKILL' | 'SIGSEGV' | 'throw' | 'refuse' }
}

/** For searches on Redis whose children take milliseconds. */
export const quickTiming: Partial<Timing> = {
  beat: 200,
  searchLock: 1500,
  childLock: 1000,
  stalled: 500,
  orphaned: 2000,
}

/** Quality in [0, 1) that only depends on the decisions. */
export function fakeQuality(decisions: number[]): number {
  return decisions.reduce((sum, decision, place) => (sum * 31 + decision * (place + 7)) % 1009, 1) / 1009
}

export function fakeChild(id: number): Child {
  return { id, decisions: [id % 7, id % 5, (id * id) % 11, id] }
}

export function fakeResult({ id, decisions }: Child, worker = 'fake'): ChildResult {
  const seconds = { compile: 0, train: 0, measure: 0 }
  const measured = { quality: fakeQuality(decisions), parameters: 1000, multiplyAdds: 5000, seconds }
  return { id, worker, kind: 'measured', measured }
}

export async function createEvaluator(settings: EvaluatorSettings): Promise<Evaluator> {
  const { millis = 0, release, pids, log, start, mishap } = settings as FakeSettings
  if (pids !== undefined) writeFileSync(join(pids, String(process.pid)), '')
  if (start === 'die') process.kill(process.pid, 'SIGKILL')
  if (start === 'refuse' || (start === 'refuse once' && isFirst(pids!)))
    throw new UserError('There is no data set "fake"; fetch it')
  return {
    async evaluate(child, signal) {
      if (log !== undefined) appendFileSync(log, `${child.id}\n`)
      if (child.id === mishap?.id) {
        if (mishap.how === 'throw') throw new Error('a mistake')
        if (mishap.how === 'refuse') throw new UserError('The data set is gone')
        process.kill(process.pid, mishap.how)
      }
      await sleep(millis, undefined, { signal })
      while (release !== undefined && !existsSync(release)) await sleep(5, undefined, { signal })
      return fakeResult(child)
    },
    close: async () => {},
  }
}

function isFirst(folder: string): boolean {
  try {
    writeFileSync(join(folder, 'first'), '', { flag: 'wx' })
    return true
  } catch {
    return false
  }
}
