/** From the journal of one search to its figures. */
import type { OperationName } from '../../../models/genotype.js'
import type { DrawnCells } from '../../drawing/draw-cell.js'
import { UserError } from '../../shared/errors.js'
import { childrenOfAllRanks } from '../journal/best.js'
import { kendallTau } from '../journal/rank-correlation.js'
import { canonicalKey } from '../space/canonical.js'
import type { CellKind } from '../space/space.js'
import { rewardOf } from '../strategy/reward.js'
import { type FinishedChild, finishedChildren } from './children.js'
import { type SearchCost, type SearchTime, timeAndCost } from './cost.js'
import { bestSoFar, type Curve, runningMean, sharesOverTime, topMean } from './curves.js'
import type { SearchLog } from './search-log.js'

/** Children of the running mean, and parts of a search over which operations are counted. */
export const RUNNING_MEAN = 25
export const PARTS = 10
/** With fewer, a rank correlation says nothing. */
const LEAST_RETRAINED = 3

/** Over the children that came back, in that order. */
export interface SearchCurves {
  /** Seconds of search until then. */
  seconds: number[]
  /** 0 for a child that failed. */
  reward: number[]
  best: number[]
  /** Of the last {@link RUNNING_MEAN} children that did not fail; one failure would outweigh all differences. */
  runningMean: Curve
  /** Mean of the best 5 and 25 different architectures so far, as in figure 6 of Zoph et al. 2018. */
  top5: Curve
  top25: Curve
  /** In nats; null in all places for a strategy without. */
  entropy: Curve
}

export interface OperationShares {
  cell: CellKind
  /** Of all operations in each tenth of the children; they sum to 1. */
  tenths: Partial<Record<OperationName, number>>[]
}

export interface BestChild {
  /** Of the search that tried it. */
  search: string
  measure: string
  id: number
  reward: number
  quality: number
  /** What it reached when it was trained longer, and the reward that this would have been. */
  retrainedQuality: number | null
  retrainedReward: number | null
  parameters: number
  multiplyAdds: number
  latencyMillis: number | null
  cells: DrawnCells
}

export interface Retrained {
  /** The best first. */
  children: { id: number; reward: number; quality: number; seconds: number }[]
  /**
   * Kendall's τ-b between reward and retrained quality, over those of all ranks; the best alone were chosen for what is
   * to be judged. Null where fewer than three were wanted or came back, or all are alike.
   */
  tau: number | null
}

export interface SearchStatistics {
  name: string
  strategy: string
  evaluator: string
  /** What the children's quality is: accuracy, or the share of the images' variance explained. */
  measure: string
  seed: number
  children: {
    /** How many the search is to try; null where something else ends it. */
    planned: number | null
    asked: number
    measured: number
    failed: number
    stoppedEarly: number
    inFlight: number
    /** Different architectures among those that came back. */
    distinct: number
  }
  /** Of search, over all sittings. */
  seconds: number
  sittings: number
  childrenPerHour: number
  time: SearchTime
  cost: SearchCost
  curves: SearchCurves
  operations: OperationShares[]
  /** As {@link bestFirst} ranks them. */
  best: BestChild[]
  failures: { reason: string; children: number[] }[]
  retrained: Retrained
}

/**
 * @param count How many of the best children are told of.
 * @throws UserError when no child came back yet, or the journal contradicts itself
 */
export function searchStatistics(log: SearchLog, count: number): SearchStatistics {
  const { name, config, events } = log
  const { strategy, evaluator, seed, space, budget } = config
  const children = finishedChildren(log)
  if (children.length === 0)
    throw new UserError(`${name} has no children to report yet; wait until one was trained`)
  const asked = events.filter(({ kind }) => kind === 'asked').length
  const measured = children.flatMap((child) => (child.measured === null ? [] : [child.measured]))
  const seconds = children.at(-1)!.seconds
  const retrained = retrainedOf(log, children)
  return {
    name,
    strategy: strategy.kind,
    evaluator: evaluator.kind,
    measure: measureOf(log),
    seed,
    children: {
      planned: budget.kind === 'children' ? budget.amount : null,
      asked,
      measured: measured.length,
      failed: children.length - measured.length,
      stoppedEarly: measured.filter((child) => child.stoppedEarly).length,
      inFlight: asked - children.length,
      distinct: new Set(children.map(({ key }) => key)).size,
    },
    seconds,
    sittings: events.filter(({ kind }) => kind === 'sitting').length,
    childrenPerHour: (3600 * children.length) / seconds,
    ...timeAndCost(events),
    curves: curvesOf(children),
    operations: space.cells.map((cell) => {
      const drawn = children.map(({ cells }) =>
        cells[cell]!.blocks.flatMap(({ left, right }) => [left.operation, right.operation]),
      )
      return { cell, tenths: sharesOverTime(drawn, space.operations, PARTS) }
    }),
    best: bestOf(log, children, retrained, count),
    failures: failuresOf(children),
    retrained,
  }
}

function curvesOf(children: FinishedChild[]): SearchCurves {
  const rewards = children.map(({ reward }) => reward)
  const measured = children.map(({ reward, failure }) => (failure === null ? reward : null))
  const keys = children.map(({ key }) => key)
  return {
    seconds: children.map(({ seconds }) => seconds),
    reward: rewards,
    best: bestSoFar(rewards),
    runningMean: runningMean(measured, RUNNING_MEAN),
    top5: topMean(measured, keys, 5),
    top25: topMean(measured, keys, 25),
    entropy: children.map(({ entropy }) => entropy),
  }
}

function failuresOf(children: FinishedChild[]): SearchStatistics['failures'] {
  const found = new Map<string, number[]>()
  for (const { id, failure } of children)
    if (failure !== null) found.set(failure, [...(found.get(failure) ?? []), id])
  return [...found]
    .map(([reason, ids]) => ({ reason, children: ids }))
    .sort((a, b) => b.children.length - a.children.length)
}

/** One retrained twice counts with the last time. */
function retrainedOf({ name, config, events }: SearchLog, children: FinishedChild[]): Retrained {
  const rewards = new Map(children.map(({ id, reward }) => [id, reward]))
  const found = new Map<number, Retrained['children'][number]>()
  for (const event of events) {
    if (event.kind !== 'retrained') continue
    const { id, quality, seconds } = event
    const reward = rewards.get(id)
    if (reward === undefined)
      throw new UserError(
        `The journal of ${name} tells of a longer training of child ${id}, which never came back; restore the file`,
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

const measureOf = ({ config: { task } }: SearchLog): string =>
  task === 'autoencode' ? 'variance explained' : 'accuracy'

function bestOf(log: SearchLog, children: FinishedChild[], retrained: Retrained, count: number): BestChild[] {
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
    const figures = { reward, quality, ...longer, parameters, multiplyAdds, latencyMillis }
    return [{ search: log.name, measure: measureOf(log), id, ...figures, cells }]
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
