/** What the children of searches got, over children and over hours. */
import { escapeText } from '../../train/run/curve.js'
import {
  axisOf,
  drawChart,
  fillOf,
  type LegendEntry,
  lineThrough,
  place,
  type Scales,
  strokeOf,
  thinned,
} from './chart.js'
import type { GroupFigures, ReportFigures } from './figures.js'
import { RUNNING_MEAN } from './search-figures.js'
import type { Band, Curve } from './statistics.js'

/** So many of the lowest rewards may lie below the chart, so that a few bad children do not flatten all others. */
const BELOW = 0.03

type LineName = 'runningMean' | 'best' | 'top5' | 'top25'

const STYLES = {
  strong: 'stroke-width="2.2"',
  thin: 'stroke-width="1.4"',
  dashed: 'stroke-width="1.6" stroke-dasharray="6 3.5"',
}
type Style = keyof typeof STYLES

/** Every child, the running mean and the best so far. */
export function drawRewards(report: ReportFigures): string {
  const rewards = report.searches.flatMap(({ curves }) => curves.reward)
  const tried = rewards.filter((reward) => reward > 0).sort((a, b) => a - b)
  const low = tried[Math.floor(BELOW * tried.length)] ?? 0
  const y = axisOf(low, Math.max(low, ...tried.slice(-1)), true)
  const lines: [LineName, Style][] = [
    ['runningMean', 'strong'],
    ['best', 'dashed'],
  ]
  return drawChart({
    title: 'Reward of each child',
    x: childrenAxis(report),
    along: 'children done',
    y,
    marks: (scales) => [
      ...report.groups.map((group, i) => dots(report, group, i, clamped(scales, y.low))),
      ...drawLines(report.groups, lines, clamped(scales, y.low)),
    ],
    legend: [
      ...groupEntries(report.groups),
      { text: `mean of the last ${RUNNING_MEAN}`, mark: sample('strong') },
      { text: 'best so far', mark: sample('dashed') },
      { text: 'one child', mark: `<circle class="fill-soft" cx="12" r="2.2" fill="#777"/>` },
    ],
  })
}

/** The best, and the mean of the best few different architectures so far: figure 6 of Zoph et al. 2018. */
export function drawTops(report: ReportFigures): string {
  const lines: [LineName, Style][] = [
    ['best', 'thin'],
    ['top5', 'dashed'],
    ['top25', 'strong'],
  ]
  const values = report.groups.flatMap(({ curves }) =>
    lines.flatMap(([name]) => [...curves[name].low, ...curves[name].high].filter((value) => value !== null)),
  )
  const early = report.groups.flatMap(({ curves }) =>
    lines.flatMap(([name]) => curves[name].low.at(earlyChild(curves[name].low)) ?? []),
  )
  const y = axisOf(Math.min(...early), extent(values).high, true)
  return drawChart({
    title: 'Reward of the best different architectures so far',
    x: childrenAxis(report),
    along: 'children done',
    y,
    marks: (scales) => drawLines(report.groups, lines, clamped(scales, y.low)),
    legend: [
      ...groupEntries(report.groups),
      { text: 'best', mark: sample('thin') },
      { text: 'mean of best 5', mark: sample('dashed') },
      { text: 'mean of best 25', mark: sample('strong') },
    ],
  })
}

/** The best so far of every search over its hours. */
export function drawHours({ searches, groups }: ReportFigures): string {
  const ends = searches.map(({ curves }) => curves.best.at(-1)!)
  const y = axisOf(
    Math.min(...searches.map(({ curves }) => curves.best[earlyChild(curves.best)])),
    Math.max(...ends),
    true,
  )
  const hours = Math.max(...searches.map(({ seconds }) => seconds)) / 3600
  return drawChart({
    title: 'Best reward so far, over time',
    x: axisOf(0, hours, false),
    along: 'hours of search',
    y,
    marks: (scales) =>
      groups.flatMap((group, i) =>
        group.searches.map((member) => {
          const { curves, name } = searches[member]
          const { x, y: up } = clamped(scales, y.low)
          const at = (child: number) => place(x(curves.seconds[child] / 3600))
          const rises = curves.best.map((best, child) =>
            child > 0 && best > curves.best[child - 1] ? `H${at(child)}V${place(up(best))}` : '',
          )
          const path = `M${at(0)} ${place(up(curves.best[0]))}${rises.join('')}H${at(rises.length - 1)}`
          return `<path ${strokeOf(i)} d="${path}" fill="none" stroke-width="1.8"><title>${escapeText(name)}</title></path>`
        }),
      ),
    legend: groupEntries(groups),
  })
}

/** The controller's entropy; null where no strategy tells it. */
export function drawEntropy(report: ReportFigures): string | null {
  const groups = report.groups.map((group, series) => ({ ...group, series }))
  const told = groups.filter(({ curves }) => curves.entropy.mean.some((value) => value !== null))
  if (told.length === 0) return null
  const values = told.flatMap(({ curves: { entropy } }) =>
    [...entropy.low, ...entropy.high].filter((value) => value !== null),
  )
  const { low, high } = extent(values)
  const y = axisOf(low, high, true)
  return drawChart({
    title: 'Entropy of the controller, nats',
    x: childrenAxis(report),
    along: 'children done',
    y,
    marks: (scales) =>
      told.flatMap(({ curves, series }) => drawBand(curves.entropy, series, 'strong', scales)),
    legend: told.map(({ label, series }) => groupEntry(label, series)),
  })
}

const childrenAxis = ({ searches }: ReportFigures) =>
  axisOf(0, Math.max(...searches.map(({ curves }) => curves.reward.length)), false)

/** The 25th child, or the last: those before say little, and an axis should not begin with them. */
const earlyChild = (curve: Curve): number => Math.min(24, curve.length - 1)

/** For as many values as there are: `Math.max` takes some hundred thousand at most. */
function extent(values: readonly number[]): { low: number; high: number } {
  return values.reduce(
    ({ low, high }, value) => ({ low: Math.min(low, value), high: Math.max(high, value) }),
    {
      low: Number.POSITIVE_INFINITY,
      high: Number.NEGATIVE_INFINITY,
    },
  )
}

const clamped = ({ x, y }: Scales, low: number): Scales => ({ x, y: (value) => y(Math.max(low, value)) })

/** One path for all: twenty thousand circles would slow a page down. */
function dots({ searches }: ReportFigures, group: GroupFigures, series: number, { x, y }: Scales): string {
  const points = group.searches.flatMap((member) =>
    searches[member].curves.reward.map((reward, i) => `M${place(x(i + 1))} ${place(y(reward))}h0`),
  )
  // Where there are few, each can be seen; where there are many, how many lie at a place.
  const opacity = Math.max(0.16, Math.min(0.6, 8 / Math.sqrt(points.length))).toFixed(2)
  return `<path ${strokeOf(series)} d="${points.join('')}" stroke-width="3.4" stroke-linecap="round" stroke-opacity="${opacity}"/>`
}

function drawLines(groups: readonly GroupFigures[], lines: [LineName, Style][], scales: Scales): string[] {
  return groups.flatMap(({ curves }, series) =>
    lines.flatMap(([name, style]) => drawBand(curves[name], series, style, scales)),
  )
}

/** The mean as a line; strong ones in an area from the lowest to the highest. */
function drawBand({ mean, low, high }: Band, series: number, style: Style, { x, y }: Scales): string[] {
  const points = (curve: Curve) =>
    curve.flatMap((value, i) => (value === null ? [] : [[x(i + 1), y(value)] as const]))
  const [line, bottom, top] = [mean, low, high].map(points)
  if (line.length === 0) return []
  const drawn = `<path ${strokeOf(series)} d="${lineThrough(thinned(line))}" fill="none" ${STYLES[style]} stroke-linejoin="round"/>`
  if (style !== 'strong' || !bottom.some(([, height], i) => height !== top[i][1])) return [drawn]
  const around = lineThrough([...thinned(top), ...thinned(bottom).reverse()])
  return [`<path ${fillOf(series)} d="${around}Z" fill-opacity="0.13"/>`, drawn]
}

const sample = (style: Style): string =>
  `<path class="stroke-soft" d="M0 0h24" stroke="#777" fill="none" ${STYLES[style]}/>`

const groupEntry = (label: string, series: number): LegendEntry => ({
  text: label,
  mark: `<rect ${fillOf(series)} y="-5" width="24" height="10" rx="3"/>`,
})

const groupEntries = (groups: readonly GroupFigures[]): LegendEntry[] =>
  groups.map(({ label, searches }, i) =>
    groupEntry(searches.length > 1 ? `${label} (${searches.length} searches)` : label, i),
  )
