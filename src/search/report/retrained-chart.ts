/** Whether the short training of the search ranks children as a longer one does. */
import { extentOf } from '../../shared/charts/axis.js'
import { drawChart } from '../../shared/charts/chart.js'
import { points } from '../../shared/charts/marks.js'
import type { SearchStatistics } from './search-statistics.js'

/** Points of children: their reward in the search against what they reached when trained longer. */
export function drawRetrained(
  { name, measure, retrained: { children, tau } }: SearchStatistics,
  series: number,
): string {
  const note = tau === null ? '' : `, τ = ${tau.toFixed(2).replace('-', '−')}`
  const found = children.map(({ id, reward, quality }) => ({
    x: reward,
    y: quality,
    title: `child ${id}: ${reward.toFixed(4)} in the search, ${quality.toFixed(4)} when trained longer`,
  }))
  return drawChart([
    {
      title: `${measure[0].toUpperCase()}${measure.slice(1)} when trained longer, ${name}${note}`,
      x: { domain: extentOf(found.map(({ x }) => x)), nice: true, label: 'reward in the search' },
      y: { domain: extentOf(found.map(({ y }) => y)), nice: true },
      marks: [points(found, series)],
    },
  ])
}
