/** The best architectures that a search has found. */
import { canonicalKey } from './canonical.js'
import { decodeCells } from './genotypes.js'
import type { JournalEvent, ToldEvent } from './journal.js'
import type { Decisions, SearchSpace } from './space.js'

export interface Best {
  id: number
  decisions: Decisions
  reward: number
  told: ToldEvent
}

/** The `count` highest rewarded children of different architecture, the best first; of equals the earlier. */
export function bestChildren(space: SearchSpace, events: readonly JournalEvent[], count: number): Best[] {
  const decisions = new Map(
    events.flatMap((event) => (event.kind === 'asked' ? [[event.id, event.decisions]] : [])),
  )
  const ranked = events
    .filter((event) => event.kind === 'told')
    .filter(({ result }) => result.kind === 'measured')
    .sort((a, b) => b.reward - a.reward || a.result.id - b.result.id)
  const best = new Map<string, Best>()
  for (const told of ranked) {
    if (best.size === count) break
    const { id } = told.result
    const key = canonicalKey(decodeCells(space, decisions.get(id)!))
    if (!best.has(key)) best.set(key, { id, decisions: decisions.get(id)!, reward: told.reward, told })
  }
  return [...best.values()]
}
