/** The children of a search that were trained longer, and whether their rewards ranked them alike. */
import { UserError } from '../../shared/errors.js'
import { childrenOfAllRanks } from '../journal/best.js'
import { kendallTau } from '../journal/rank-correlation.js'
import type { FinishedChild } from './children.js'
import type { SearchLog } from './search-log.js'

/** With fewer, a rank correlation says nothing. */
const LEAST_RETRAINED = 3

export interface Retrained {
  /** The best first. */
  children: { id: number; reward: number; quality: number; seconds: number }[]
  /**
   * Kendall's τ-b between reward and retrained quality, over children of all ranks: the best alone were chosen by the
   * reward that is judged here. Null where fewer than three were wanted or finished, or all are equal.
   */
  tau: number | null
}

/** One retrained twice counts with the last time. */
export function retrainedOf({ name, config, events }: SearchLog, children: FinishedChild[]): Retrained {
  const rewards = new Map(children.map(({ id, reward }) => [id, reward]))
  const found = new Map<number, Retrained['children'][number]>()
  for (const event of events) {
    if (event.kind !== 'retrained') continue
    const { id, quality, seconds } = event
    const reward = rewards.get(id)
    if (reward === undefined)
      throw new UserError(
        `The journal of ${name} reports a longer training of child ${id}, which never finished; restore the file`,
      )
    found.set(id, { id, reward, quality, seconds })
  }
  const ranked = [...found.values()].sort((a, b) => b.quality - a.quality)
  const ofAllRanks = childrenOfAllRanks(config.space, events, config.retrain?.ranksChecked ?? 0)
  const checked = ofAllRanks.flatMap(({ id }) => found.get(id) ?? [])
  const tau = kendallTau(
    checked.map(({ reward }) => reward),
    checked.map(({ quality }) => quality),
  )
  return { children: ranked, tau: checked.length < LEAST_RETRAINED || Number.isNaN(tau) ? null : tau }
}
