/** All that a report shows, from the journals of searches. No file is read here, and no clock. */
import type { OperationName } from '../../../models/genotype.js'
import { type BestChild, bestFirst } from './best-children.js'
import { type Band, bandOf, mean } from './curves.js'
import type { SearchLog } from './search-log.js'
import { type OperationShares, type SearchStatistics, searchStatistics } from './search-statistics.js'

/** Searches whose configs differ in name, seeds, budget and retraining at most: one method, tried several times. */
export interface GroupStatistics {
  label: string
  /** Their places in the report. */
  searches: number[]
  /** Over as many children as the shortest search has. */
  curves: Record<'best' | 'runningMean' | 'top5' | 'top25' | 'entropy', Band>
  /** Of all its searches, as {@link bestFirst} ranks them. */
  best: BestChild[]
  /** Means over the searches. */
  operations: OperationShares[]
}

export interface ReportStatistics {
  searches: SearchStatistics[]
  groups: GroupStatistics[]
}

/**
 * @param count How many of the best children of each search to list.
 * @throws UserError when no child of a search has finished, or a journal contradicts itself
 */
export function reportStatistics(logs: readonly SearchLog[], count: number): ReportStatistics {
  const searches = logs.map((log) => searchStatistics(log, count))
  const methods = logs.map(methodOf)
  const groups = [...new Set(methods)].map((method) =>
    methods.flatMap((other, i) => (other === method ? [i] : [])),
  )
  const labels = labelsOf(groups.map((members) => members.map((i) => logs[i])))
  return {
    searches,
    groups: groups.map((members, i) => {
      const own = members.map((search) => searches[search])
      const band = (curve: keyof GroupStatistics['curves']) => bandOf(own.map(({ curves }) => curves[curve]))
      return {
        label: labels[i],
        searches: members,
        curves: {
          best: band('best'),
          runningMean: band('runningMean'),
          top5: band('top5'),
          top25: band('top25'),
          entropy: band('entropy'),
        },
        best: bestFirst(
          own.flatMap(({ best }) => best),
          count,
        ),
        operations: meanShares(own.map(({ operations }) => operations)),
      }
    }),
  }
}

/** The same text for the same method. */
function methodOf({ config: { name, id, budget, retrain, ...method } }: SearchLog): string {
  // What trains the children may have a seed of its own, that follows the search's.
  return JSON.stringify(method, (key, value) => (key === 'seed' ? undefined : value))
}

/** The shortest that tells all groups apart: strategies, with their evaluators, or the searches' names. */
function labelsOf(groups: SearchLog[][]): string[] {
  const candidates = [
    groups.map(([{ config }]) => config.strategy.kind),
    groups.map(([{ config }]) => `${config.strategy.kind}, ${config.evaluator.kind}`),
    groups.map((logs) => logs.map(({ name }) => name).join(', ')),
  ]
  return candidates.find((labels) => new Set(labels).size === groups.length) ?? candidates[2]
}

/** Of the parts that all searches have. */
function meanShares(searches: OperationShares[][]): OperationShares[] {
  return searches[0].map(({ cell }, index) => {
    const lists = searches.map((shares) => shares[index].tenths)
    const parts = Math.min(...lists.map((tenths) => tenths.length))
    const tenths = Array.from({ length: parts }, (_, part) => {
      const operations = Object.keys(lists[0][part]) as OperationName[]
      const shares = operations.map((name) => [name, mean(lists.map((list) => list[part][name]!))])
      return Object.fromEntries(shares) as OperationShares['tenths'][number]
    })
    return { cell, tenths }
  })
}
