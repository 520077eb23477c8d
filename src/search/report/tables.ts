/** The tables of a report. */

import { type Html, html } from '../../shared/html.js'
import { grouped } from '../../shared/text.js'
import { duration, percent, short } from './format.js'
import type { GroupStatistics } from './report-statistics.js'
import type { SearchStatistics } from './search-statistics.js'
import { shareOf, TIME_PARTS } from './time-chart.js'

export function searchTable(searches: readonly SearchStatistics[]): Html {
  const rows = searches.map(({ name, strategy, evaluator, seed, children, curves, ...search }) => [
    name,
    strategy,
    evaluator,
    String(seed),
    curves.best.at(-1)!.toFixed(4),
    grouped(children.measured + children.failed),
    grouped(children.distinct),
    grouped(children.failed),
    grouped(children.stoppedEarly),
    duration(search.seconds),
    search.childrenPerHour.toFixed(1),
  ])
  const heads = ['search', 'strategy', 'evaluator', 'seed', 'best reward', 'children', 'different', 'failed']
  return table([...heads, 'stopped early', 'time', 'children an hour'], rows, 3)
}

/** Methods side by side after as many children as all of them have. */
export function groupTable(groups: readonly GroupStatistics[], searches: readonly SearchStatistics[]): Html {
  const shortest = Math.min(...searches.map(({ curves }) => curves.reward.length))
  const rows = groups.map(({ label, searches: members, curves }) => [
    label,
    String(members.length),
    ...[curves.best, curves.top5, curves.top25, curves.runningMean].map(({ mean, low, high }) => {
      const [value, least, most] = [mean, low, high].map((curve) => curve[shortest - 1])
      if (value === null || least === null || most === null) return '–'
      return members.length === 1
        ? value.toFixed(4)
        : `${value.toFixed(4)} (${least.toFixed(4)}–${most.toFixed(4)})`
    }),
  ])
  const heads = ['method', 'searches', 'best', 'mean of best 5', 'mean of best 25', 'mean of the last 25']
  const several = groups.some(({ searches: members }) => members.length > 1)
  return html`<p>Rewards after ${grouped(shortest)} children${several && ', means over searches with the lowest and the highest'}:</p>
${table(heads, rows, 1)}`
}

export function retrainedTable(searches: readonly SearchStatistics[], measures: string): Html {
  const rows = searches.flatMap(({ name, retrained }) => {
    const before = [...retrained.children].sort((a, b) => b.reward - a.reward)
    return retrained.children.map((child, i) => [
      name,
      String(i + 1),
      String(child.id),
      child.quality.toFixed(4),
      child.reward.toFixed(4),
      String(before.indexOf(child) + 1),
      duration(child.seconds),
    ])
  })
  const heads = ['search', 'rank', 'child', measures, 'reward in the search', 'rank in the search', 'time']
  return table(heads, rows, 1)
}

export function costTable(searches: readonly SearchStatistics[]): Html {
  const parts = Object.keys(TIME_PARTS) as (keyof typeof TIME_PARTS)[]
  const rows = searches.map(({ name, time, cost }) => [
    name,
    ...parts.map((part) => {
      const seconds = time[part]
      return seconds === null ? 'not known' : `${duration(seconds)} (${percent(shareOf(time, part))})`
    }),
    `${time.waiting === null ? 'at least ' : ''}${percent(cost.overhead)}`,
    cost.processes === null ? '–' : `${cost.processes} × ${cost.threads}`,
    cost.coreHours.toFixed(2),
    cost.warmUpCoreHours.toFixed(2),
    short(cost.multiplyAdds),
  ])
  const heads = ['search', ...parts.map((part) => COST_HEADS[part]), 'overhead', 'processes × threads']
  return table([...heads, 'core-hours', 'of warm-up before', 'multiply-adds'], rows, 1)
}

const COST_HEADS: Record<keyof typeof TIME_PARTS, string> = {
  train: 'training',
  compile: 'compiling',
  measure: 'measuring',
  strategy: 'strategy',
  journal: 'journal',
  waiting: 'starting, waiting, lost',
}

/** Null where no child failed. */
export function failureTable(searches: readonly SearchStatistics[]): Html | null {
  const rows = searches.flatMap(({ name, failures }) =>
    failures.map(({ reason, children }) => {
      const some = children.slice(0, 8).join(', ')
      return [name, reason, String(children.length), children.length > 8 ? `${some}, …` : some]
    }),
  )
  return rows.length === 0 ? null : table(['search', 'reason', 'children', 'which'], rows, 2)
}

/** The first `left` columns are text. */
function table(heads: readonly string[], rows: readonly (readonly string[])[], left: number): Html {
  const kind = (column: number) => column < left && html` class="text"`
  return html`<table><tr>${heads.map((head, i) => html`<th${kind(i)}>${head}</th>`)}</tr>${rows.map(
    (cells) => html`
<tr>${cells.map((cell, i) => html`<td${kind(i)}>${cell}</td>`)}</tr>`,
  )}</table>`
}
