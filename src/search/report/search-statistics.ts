/** The statistics of one search, from its journal. */
import type { OperationName } from '../../../models/genotype.js'
import { UserError } from '../../shared/errors.js'
import type { SearchConfig } from '../config.js'
import { RUNNING_MEAN } from '../journal/standing.js'
import { chosenToRetrain } from '../retrain/retrain.js'
import type { CellKind } from '../space/space.js'
import { type BestChild, bestOf, measureOf } from './best-children.js'
import { type FinishedChild, finishedChildren } from './children.js'
import { type SearchCost, type SearchTime, timeAndCost } from './cost.js'
import { bestSoFar, type Curve, runningMean, sharesOverTime, topMean } from './curves.js'
import { type Retrained, retrainedOf } from './retrained.js'
import type { SearchLog } from './search-log.js'

/** Parts of a search over which operations are counted. */
export const PARTS = 10

/** One value for each finished child, in the order in which they finished. */
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
  /** In nats; null everywhere for a strategy without a controller. */
  entropy: Curve
}

export interface OperationShares {
  cell: CellKind
  /** Of all operations in each tenth of the children; they sum to 1. */
  tenths: Partial<Record<OperationName, number>>[]
}

export interface SearchStatistics {
  name: string
  strategy: string
  evaluator: string
  /** What the children's quality is: accuracy, or the share of the images' variance explained. */
  measure: string
  seed: number
  /** Accuracy that guessing reaches; null where the search does not know how many classes there are. */
  chance: number | null
  /** Whether all children of the budget were tried, and those that were to be trained longer are. */
  isFinished: boolean
  children: {
    /** How many the search is to try; null where something else ends it. */
    planned: number | null
    asked: number
    measured: number
    failed: number
    stoppedEarly: number
    inFlight: number
    /** Different architectures among the finished ones. */
    distinct: number
  }
  /** Of search, over all sessions. */
  seconds: number
  /** How many times the search was started or resumed. */
  sessions: number
  /** The same: its name in version 0.1. */
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
 * @param count How many of the best children to list.
 * @throws UserError when no child has finished, or the journal contradicts itself
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
  const sessions = events.filter(({ kind }) => kind === 'session').length
  return {
    name,
    strategy: strategy.kind,
    evaluator: evaluator.kind,
    measure: measureOf(log),
    seed,
    chance: chanceOf(config),
    isFinished: isFinished(log, { tried: children.length, seconds, trainedLonger: retrained.children }),
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
    sessions,
    sittings: sessions,
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

/** CIFAR-10 and the embedded data set have as many. */
const KNOWN_CLASSES = 10

/** Of a classifier. */
function chanceOf({ task, evaluator }: SearchConfig): number | null {
  const { name, classes } = evaluator.run.data
  const isKnown = ['cifar10', 'embedded'].includes(name)
  const count = classes?.length ?? (isKnown ? KNOWN_CLASSES : null)
  return task === 'classify' && count !== null ? 1 / count : null
}

function isFinished(
  { config: { budget, retrain, space }, events }: SearchLog,
  done: { tried: number; seconds: number; trainedLonger: readonly { id: number }[] },
): boolean {
  if ((budget.kind === 'children' ? done.tried : done.seconds) < budget.amount) return false
  const trained = new Set(done.trainedLonger.map(({ id }) => id))
  return retrain === null || chosenToRetrain(space, events, retrain).every(({ id }) => trained.has(id))
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
