/** The best children of a search. */
import type { DrawnCells } from '../../drawing/draw-cell.js'
import { canonicalKey } from '../space/canonical.js'
import { rewardOf } from '../strategy/reward.js'
import type { FinishedChild } from './children.js'
import type { Retrained } from './retrained.js'
import type { SearchLog } from './search-log.js'

export interface BestChild {
  /** Of the search that tried it. */
  search: string
  measure: string
  id: number
  reward: number
  quality: number
  /** What it reached when it was trained longer, and the reward that this quality gives. */
  retrainedQuality: number | null
  retrainedReward: number | null
  parameters: number
  multiplyAdds: number
  latencyMillis: number | null
  cells: DrawnCells
}

/** What the quality of a search's children is. */
export const measureOf = ({ config: { task } }: SearchLog): string =>
  task === 'autoencode' ? 'variance explained' : 'accuracy'

export function bestOf(
  log: SearchLog,
  children: FinishedChild[],
  retrained: Retrained,
  count: number,
): BestChild[] {
  const reached = new Map(retrained.children.map(({ id, quality }) => [id, quality]))
  const candidates = children.flatMap(({ id, reward, measured, cells }): BestChild[] => {
    if (measured === null) return []
    const { quality, parameters, multiplyAdds, latencyMillis = null } = measured
    const retrainedQuality = reached.get(id) ?? null
    const retrainedReward =
      retrainedQuality === null
        ? null
        : rewardOf(log.config.reward, { ...measured, quality: retrainedQuality })
    const longer = { retrainedQuality, retrainedReward }
    const measures = { reward, quality, ...longer, parameters, multiplyAdds, latencyMillis }
    return [{ search: log.name, measure: measureOf(log), id, ...measures, cells }]
  })
  return bestFirst(candidates, count)
}

/** The best different architectures: those trained longer by their reward then, before all others by theirs. */
export function bestFirst(candidates: readonly BestChild[], count: number): BestChild[] {
  const after = ({ retrainedReward }: BestChild) => retrainedReward ?? Number.NEGATIVE_INFINITY
  const seen = new Set<string>()
  return (
    [...candidates]
      // Infinity less infinity is no number.
      .sort((a, b) => (after(a) === after(b) ? b.reward - a.reward : after(b) - after(a)))
      .filter(({ cells }) => {
        const key = canonicalKey(cells)
        return !seen.has(key) && seen.add(key)
      })
      .slice(0, count)
  )
}
