/** Whether the short training of the search ranks children as a longer one does. */
import { axisOf, drawChart, fillOf, place } from './chart.js'
import type { SearchFigures } from './search-figures.js'

/** Points of children: what the search saw of them against what they reached when trained longer. */
export function drawRetrained(
  { name, measure, retrained: { children, tau } }: SearchFigures,
  series: number,
): string {
  const rewards = children.map(({ reward }) => reward)
  const qualities = children.map(({ quality }) => quality)
  const note = tau === null ? '' : `, τ = ${tau.toFixed(2).replace('-', '−')}`
  return drawChart({
    title: `${measure[0].toUpperCase()}${measure.slice(1)} when trained longer, ${name}${note}`,
    x: axisOf(Math.min(...rewards), Math.max(...rewards), true),
    along: 'reward in the search',
    y: axisOf(Math.min(...qualities), Math.max(...qualities), true),
    marks: ({ x, y }) =>
      children.map(
        ({ id, reward, quality }) =>
          `<circle ${fillOf(series)} cx="${place(x(reward))}" cy="${place(y(quality))}" r="4"><title>child ${id}: ${reward.toFixed(4)} in the search, ${quality.toFixed(4)} retrained</title></circle>`,
      ),
    legend: [],
  })
}
