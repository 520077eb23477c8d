/** Children of a search chosen by their rewards: the best, and some from every rank. */
import { canonicalKey } from '../space/canonical.js'
import { decodeCells } from '../space/genotypes.js'
import type { Decisions, SearchSpace } from '../space/space.js'
import type { JournalEvent, ToldEvent } from './journal.js'

export interface Best {
  id: number
  decisions: Decisions
  reward: number
  told: ToldEvent
}

/** The `count` highest rewarded children of different architecture, the best first; of equals the earlier. */
export function bestChildren(space: SearchSpace, events: readonly JournalEvent[], count: number): Best[] {
  return rankedChildren(space, events).slice(0, count)
}

/** `count` children of different architecture at evenly spaced ranks, from the best to the worst; fewer if there are. */
export function childrenOfAllRanks(
  space: SearchSpace,
  events: readonly JournalEvent[],
  count: number,
): Best[] {
  const ranked = rankedChildren(space, events)
  if (ranked.length <= count) return ranked
  const apart = (ranked.length - 1) / Math.max(1, count - 1)
  return Array.from({ length: count }, (_, place) => ranked[Math.round(place * apart)])
}

function rankedChildren(space: SearchSpace, events: readonly JournalEvent[]): Best[] {
  const decisions = new Map(
    events.flatMap((event) => (event.kind === 'asked' ? [[event.id, event.decisions]] : [])),
  )
  const ranked = events
    .filter((event) => event.kind === 'told')
    .filter(({ result }) => result.kind === 'measured')
    .sort((a, b) => b.reward - a.reward || a.result.id - b.result.id)
  const best = new Map<string, Best>()
  for (const told of ranked) {
    const { id } = told.result
    const key = canonicalKey(decodeCells(space, decisions.get(id)!))
    if (!best.has(key)) best.set(key, { id, decisions: decisions.get(id)!, reward: told.reward, told })
  }
  return [...best.values()]
}
