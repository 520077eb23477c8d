/** Where the time of searches went. */
import { escapeText } from '../../train/run/curve.js'
import { place, text } from './chart.js'
import type { SearchTime } from './cost.js'
import type { SearchFigures } from './search-figures.js'
import { sum } from './statistics.js'

type Part = keyof SearchTime

/** Evaluators first, then the search itself. */
export const TIME_PARTS: Record<Part, { text: string; colour: string }> = {
  train: { text: 'training', colour: '#56b4e9' },
  compile: { text: 'tracing, lowering and opening sessions', colour: '#e69f00' },
  measure: { text: 'measuring', colour: '#009e73' },
  strategy: { text: 'the strategy', colour: '#d55e00' },
  journal: { text: 'the journal', colour: '#cc79a7' },
  waiting: { text: 'workers that start, wait or are lost', colour: '#999999' },
}

const TITLE = 'Where the time went'
const WIDTH = 480
const LEFT = 14
const BAR = { top: 44, height: 18, row: 46 }
const LEGEND_ROW = 19

/** One bar for each search, of all the seconds that its workers had, as far as they are known. */
export function drawTime(searches: readonly SearchFigures[]): string {
  const below = BAR.top + BAR.row * searches.length + 6
  const parts = Object.entries(TIME_PARTS) as [Part, { text: string; colour: string }][]
  const height = below + LEGEND_ROW * parts.length + 8
  const bars = searches.flatMap(({ name, time }, i) => {
    const y = BAR.top + BAR.row * i
    let x = LEFT
    const pieces = parts.map(([part, { text: what, colour }]) => {
      const share = shareOf(time, part)
      const left = x
      x += share * (WIDTH - 2 * LEFT)
      return `<rect x="${place(left)}" y="${y + 6}" width="${place(x - left)}" height="${BAR.height}" fill="${colour}"><title>${escapeText(name)}: ${what} ${percent(share)}</title></rect>`
    })
    return [text(LEFT, y, name, 'start', 'ink'), ...pieces]
  })
  const legend = parts.flatMap(([part, { text: what, colour }], i) => {
    const y = below + LEGEND_ROW * i
    const shares = searches.filter(({ time }) => time[part] !== null).map(({ time }) => shareOf(time, part))
    const range = new Set([percent(Math.min(...shares)), percent(Math.max(...shares))])
    return [
      `<rect x="${LEFT}" y="${y - 1}" width="18" height="10" rx="2" fill="${colour}"/>`,
      text(
        LEFT + 26,
        y + 8,
        `${what}: ${shares.length === 0 ? 'not known' : [...range].join(' to ')}`,
        'start',
        'ink',
      ),
    ]
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="chart" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, Helvetica, Arial, sans-serif" font-size="12">`,
    `<title>${TITLE}</title>`,
    `<rect class="paper" width="100%" height="100%" fill="#fff"/>`,
    text(LEFT, 20, TITLE, 'start', 'ink', 'font-size="14" font-weight="600"'),
    ...bars,
    ...legend,
    '</svg>\n',
  ].join('\n')
}

/** Of all the seconds that are known. */
export function shareOf(time: SearchTime, part: Part): number {
  const all = sum(Object.values(time).map((seconds) => seconds ?? 0))
  return all === 0 ? 0 : (time[part] ?? 0) / all
}

/** Two digits that count. */
export function percent(share: number): string {
  return share >= 0.1 ? `${(100 * share).toFixed(0)} %` : `${Number((100 * share).toPrecision(2))} %`
}
