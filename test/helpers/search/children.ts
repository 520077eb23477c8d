/** Handing the children of the fake evaluator to a queue, and checking what comes back. */
import assert from 'node:assert/strict'
import type { ChildResult } from '../../../src/search/evaluate/child.js'
import type { WorkQueue } from '../../../src/search/execution/queue.js'
import { fakeChild, fakeQuality } from './fake-evaluator.js'

/** Hands out children from `first` on, as many at a time as the queue wants, until all have come back. */
export async function search(
  queue: WorkQueue,
  count: number,
  first = 0,
  onResult: (count: number) => unknown = () => {},
): Promise<ChildResult[]> {
  const results: ChildResult[] = []
  for (let asked = 0; results.length < count; ) {
    while (asked < count && asked - results.length < queue.capacity())
      await queue.submit(fakeChild(first + asked++))
    const result = await queue.next()
    if (result === null) continue
    results.push(result)
    await onResult(results.length)
  }
  return results
}

export function assertAllOnce(results: ChildResult[], count: number, first = 0): void {
  assert.deepEqual(
    results.map(({ id }) => id).sort((a, b) => a - b),
    Array.from({ length: count }, (_, place) => first + place),
  )
  for (const result of results) {
    assert(result.kind === 'measured', JSON.stringify(result))
    assert.equal(result.measured.quality, fakeQuality(fakeChild(result.id).decisions))
  }
}

/** The next result; null when none comes within the time. */
export async function nextWithin(queue: WorkQueue, millis: number): Promise<ChildResult | null> {
  const end = AbortSignal.timeout(millis)
  let result: ChildResult | null = null
  while (result === null && !end.aborted) result = await queue.next(end)
  return result
}
