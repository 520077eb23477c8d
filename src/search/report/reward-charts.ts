/** What the children of searches got, over children and over hours. */

import { extentOf } from '../../shared/charts/axis.js'
import { drawChart } from '../../shared/charts/chart.js'
import { dotSample, type LegendEntry, sample, swatch } from '../../shared/charts/legend.js'
import { band, dots, type LineStyle, line, type Mark, type Point } from '../../shared/charts/marks.js'
import { RUNNING_MEAN } from '../journal/standing.js'
import type { Band, Curve } from './curves.js'
import type { GroupStatistics, ReportStatistics } from './report-statistics.js'

/** So many of the lowest rewards may lie below the chart, so that a few bad children do not flatten all others. */
const BELOW = 0.03

type CurveName = 'runningMean' | 'best' | 'top5' | 'top25'

/** Every child, the running mean and the best so far. */
export function drawRewards(report: ReportStatistics): string {
  const rewards = report.searches.flatMap(({ curves }) => curves.reward)
  const tried = rewards.filter((reward) => reward > 0).sort((a, b) => a - b)
  const low = tried[Math.floor(BELOW * tried.length)] ?? 0
  const lines: [CurveName, LineStyle][] = [
    ['runningMean', 'strong'],
    ['best', 'dashed'],
  ]
  return drawChart(
    [
      {
        title: 'Reward of each child',
        x: childrenAxis(report),
        y: { domain: [low, tried.at(-1) ?? low], nice: true },
        marks: [
          ...report.groups.map(({ searches }, series) => {
            const own = searches.flatMap((search) => pointsOf(report.searches[search].curves.reward))
            return dots(own, series)
          }),
          ...linesOf(report.groups, lines),
        ],
      },
    ],
    {
      legend: [
        ...groupEntries(report.groups),
        sample(`mean of the last ${RUNNING_MEAN}`, 'strong'),
        sample('best so far', 'dashed'),
        dotSample('one child'),
      ],
    },
  )
}

/** The best, and the mean of the best few different architectures so far: figure 6 of Zoph et al. 2018. */
export function drawTops(report: ReportStatistics): string {
  const lines: [CurveName, LineStyle][] = [
    ['best', 'thin'],
    ['top5', 'dashed'],
    ['top25', 'strong'],
  ]
  const bands = report.groups.flatMap(({ curves }) => lines.map(([name]) => curves[name]))
  const [, high] = extentOf(bands.flatMap((curve) => curve.high))
  const [low] = extentOf(bands.map((curve) => curve.low[earlyChild(curve.low)]))
  return drawChart(
    [
      {
        title: 'Reward of the best different architectures so far',
        x: childrenAxis(report),
        y: { domain: [low, high], nice: true },
        marks: linesOf(report.groups, lines),
      },
    ],
    {
      legend: [
        ...groupEntries(report.groups),
        sample('best', 'thin'),
        sample('mean of best 5', 'dashed'),
        sample('mean of best 25', 'strong'),
      ],
    },
  )
}

/** The best so far of every search over its hours. */
export function drawHours({ searches, groups }: ReportStatistics): string {
  const [, high] = extentOf(searches.map(({ curves }) => curves.best.at(-1)!))
  const [low] = extentOf(searches.map(({ curves }) => curves.best[earlyChild(curves.best)]))
  const hours = Math.max(...searches.map(({ seconds }) => seconds)) / 3600
  return drawChart(
    [
      {
        title: 'Best reward so far, over time',
        x: { domain: [0, hours], label: 'hours of search' },
        y: { domain: [low, high], nice: true },
        marks: groups.flatMap(({ searches: members }, series) =>
          members.map((member) => {
            const { curves, name } = searches[member]
            const rises = curves.best.map((y, i) => ({ x: curves.seconds[i] / 3600, y }))
            return line(rises, { series, title: name, steps: true })
          }),
        ),
      },
    ],
    { legend: groupEntries(groups) },
  )
}

/** The controller's entropy; null where no strategy reports it. */
export function drawEntropy(report: ReportStatistics): string | null {
  const known = report.groups
    .map(({ label, curves: { entropy } }, series) => ({ label, entropy, series }))
    .filter(({ entropy }) => entropy.mean.some((value) => value !== null))
  if (known.length === 0) return null
  return drawChart(
    [
      {
        title: 'Entropy of the controller, nats',
        x: childrenAxis(report),
        y: {
          domain: extentOf(known.flatMap(({ entropy }) => [...entropy.low, ...entropy.high])),
          nice: true,
        },
        marks: known.flatMap(({ entropy, series }) => bandOf(entropy, series, 'strong')),
      },
    ],
    { legend: known.map(({ label, series }) => swatch(label, series)) },
  )
}

const childrenAxis = ({ searches }: ReportStatistics) => ({
  domain: [0, Math.max(...searches.map(({ curves }) => curves.reward.length))] as const,
  whole: true,
  label: 'children done',
})

/** The 25th child, or the last: those before say little, and an axis should not begin with them. */
const earlyChild = (curve: Curve): number => Math.min(24, curve.length - 1)

const pointsOf = (curve: Curve): Point[] => curve.map((value, i) => ({ x: i + 1, y: value ?? Number.NaN }))

const linesOf = (groups: readonly GroupStatistics[], lines: [CurveName, LineStyle][]): Mark[] =>
  groups.flatMap(({ curves }, series) =>
    lines.flatMap(([name, style]) => bandOf(curves[name], series, style)),
  )

/** The mean as a line; strong ones in an area from the lowest to the highest. */
function bandOf({ mean, low, high }: Band, series: number, style: LineStyle): Mark[] {
  const drawn = line(pointsOf(mean), { series, style })
  const isLine = style !== 'strong' || low.every((value, i) => value === high[i])
  return isLine ? [drawn] : [band(pointsOf(low), pointsOf(high), series), drawn]
}

const groupEntries = (groups: readonly GroupStatistics[]): LegendEntry[] =>
  groups.map(({ label, searches }, i) =>
    swatch(searches.length > 1 ? `${label} (${searches.length} searches)` : label, i),
  )
