/** The pictures of a report, each as an SVG that stands alone. */
import { drawGenotype } from '../../drawing/draw-cell.js'
import { drawOperations } from './operation-chart.js'
import type { ReportStatistics } from './report-statistics.js'
import { drawRetrained } from './retrained-chart.js'
import { drawEntropy, drawHours, drawRewards, drawTops } from './reward-charts.js'
import { drawTime } from './time-chart.js'

export interface Picture {
  /** For a file, without ending. */
  name: string
  svg: string
}

export interface Pictures {
  rewards: Picture[]
  operations: Picture[]
  time: Picture[]
  retrained: Picture[]
  /** Of each method: its best children, in order. */
  best: Picture[][]
}

export function drawPictures(report: ReportStatistics): Pictures {
  const { searches, groups } = report
  const entropy = drawEntropy(report)
  return {
    rewards: [
      { name: 'rewards', svg: drawRewards(report) },
      { name: 'tops', svg: drawTops(report) },
      { name: 'hours', svg: drawHours(report) },
      ...(entropy === null ? [] : [{ name: 'entropy', svg: entropy }]),
    ],
    operations: groups.flatMap(({ label, operations }) =>
      operations.map((shares) => ({
        name: `operations-${fileName(label)}-${shares.cell}`,
        svg: drawOperations(shares, label),
      })),
    ),
    time: [{ name: 'time', svg: drawTime(searches) }],
    retrained: groups.flatMap(({ searches: members }, series) =>
      members
        .map((member) => searches[member])
        .filter(({ retrained }) => retrained.children.length > 0)
        .map((search) => ({
          name: `retrained-${fileName(search.name)}`,
          svg: drawRetrained(search, series),
        })),
    ),
    best: groups.map(({ label, best }) =>
      best.map(({ cells }, i) => ({ name: `best-${fileName(label)}-${i + 1}`, svg: drawGenotype(cells) })),
    ),
  }
}

const fileName = (label: string): string => label.replaceAll(/[^\w.-]+/g, '-')
