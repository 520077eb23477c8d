/** Where the time of searches went. */
import type { Series } from '../../shared/charts/picture.js'
import { drawStackedBars } from '../../shared/charts/stacked-bars.js'
import type { SearchTime } from './cost.js'
import { sum } from './curves.js'
import { percent } from './format.js'
import type { SearchStatistics } from './search-statistics.js'

type Part = keyof SearchTime

/** Evaluators first, then the search itself. */
export const TIME_PARTS: Record<Part, { text: string; series: Series }> = {
  train: { text: 'training', series: 5 },
  compile: { text: 'tracing, lowering and opening sessions', series: 4 },
  measure: { text: 'measuring', series: 2 },
  strategy: { text: 'the strategy', series: 1 },
  journal: { text: 'the journal', series: 3 },
  waiting: { text: 'workers that start, wait or are lost', series: 'neutral' },
}

/** One bar for each search, of all the seconds that its workers had, as far as they are known. */
export function drawTime(searches: readonly SearchStatistics[]): string {
  const parts = Object.entries(TIME_PARTS) as [Part, (typeof TIME_PARTS)[Part]][]
  const bars = searches.map(({ name, time }) => ({
    name,
    parts: parts.map(([part, { text, series }]) => {
      const share = shareOf(time, part)
      return { series, share, title: `${name}: ${text} ${percent(share)}` }
    }),
  }))
  const legend = parts.map(([part, { text, series }]) => {
    const shares = searches.filter(({ time }) => time[part] !== null).map(({ time }) => shareOf(time, part))
    const range = new Set([percent(Math.min(...shares)), percent(Math.max(...shares))])
    return { series, text: `${text}: ${shares.length === 0 ? 'not known' : [...range].join(' to ')}` }
  })
  return drawStackedBars('Where the time went', bars, legend)
}

/** Of all the seconds that are known. */
export function shareOf(time: SearchTime, part: Part): number {
  const all = sum(Object.values(time).map((seconds) => seconds ?? 0))
  return all === 0 ? 0 : (time[part] ?? 0) / all
}
