/** A queue without workers, whose results a formula makes up. */
import { random } from '../../../models/index.js'
import type { Child, ChildResult } from '../../../src/search/evaluate/child.js'
import type { WorkQueue } from '../../../src/search/execution/queue.js'
import type { ToldEvent } from '../../../src/search/journal/journal.js'
import type { Decisions, SearchSpace } from '../../../src/search/space/space.js'

export const smallSpace: SearchSpace = {
  cells: ['normal', 'reduction'],
  blocks: 2,
  operations: ['identity', 'sep_conv_3x3', 'max_pool_3x3'],
  combinations: ['add', 'concat'],
}

/** In [0, 1), the same for the same decisions. */
export const qualityOf = (decisions: Decisions): number => random(5, 'quality', String(decisions)).uniform()

/** Every seventh child fails. */
export function fakeResult({ id, decisions }: Child): ChildResult {
  if (id % 7 === 3) return { id, worker: 'w', kind: 'failed', reason: 'the loss is not a number' }
  return {
    id,
    worker: 'w',
    kind: 'measured',
    measured: {
      quality: qualityOf(decisions),
      parameters: 10,
      multiplyAdds: 100,
      seconds: { compile: 1, train: 2, measure: 3 },
    },
  }
}

/** A child's reward as the journal tells it; 0: it failed. */
export function toldOf(id: number, reward: number): ToldEvent {
  const result: ToldEvent['result'] =
    reward === 0
      ? { id, worker: 'w', kind: 'failed', reason: 'x' }
      : {
          id,
          worker: 'w',
          kind: 'measured',
          measured: {
            quality: reward,
            parameters: 1,
            multiplyAdds: 1,
            seconds: { compile: 0, train: 0, measure: 0 },
          },
        }
  return { kind: 'told', result, seconds: id, reward, figures: {} }
}

export interface FakeQueue extends WorkQueue {
  /** All children handed out, in order. */
  submitted: Child[]
  workers: number
}

/** Answers in an order of its own, which only the children in flight decide: so it does not change after a restart. */
export function fakeQueue(workers: number): FakeQueue {
  const inFlight: Child[] = []
  const rank = ({ id }: Child): number => (id * 7919) % 13
  return {
    submitted: [],
    workers,
    capacity() {
      return this.workers
    },
    async submit(child) {
      this.submitted.push(child)
      inFlight.push(child)
    },
    async next(signal) {
      if (signal?.aborted) return null
      if (inFlight.length === 0) throw new Error('waits for ever: nothing is in flight')
      inFlight.sort((a, b) => rank(a) - rank(b) || a.id - b.id)
      return fakeResult(inFlight.shift()!)
    },
    close: async () => {},
  }
}
