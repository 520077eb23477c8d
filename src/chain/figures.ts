/** What a chain has found so far, as pictures: read from the files of its stages, so that a chain that goes on has them all. */

import { existsSync } from 'node:fs'
import { drawGenotype } from '../drawing/draw-cell.js'
import { bestChildren } from '../search/journal/best.js'
import type { AskedEvent, ToldEvent } from '../search/journal/journal.js'
import { readJournal } from '../search/journal/read-journal.js'
import { configPath, journalPath, readSearchConfig } from '../search/search-folder.js'
import { decodeCells } from '../search/space/genotypes.js'
import type { SearchSpace } from '../search/space/space.js'
import { extentOf } from '../shared/charts/axis.js'
import { drawChart } from '../shared/charts/chart.js'
import { dotSample, sample } from '../shared/charts/legend.js'
import { dots, line } from '../shared/charts/marks.js'
import { classifierCurves } from '../train/classification/metrics.js'
import { detectorCurves } from '../train/detection/metrics.js'
import { type CurveKind, drawCurves } from '../train/run/curve.js'
import { type Metrics, readRows } from '../train/run/metrics.js'
import { metricsPath } from '../train/run/run-folder.js'
import { stagePath } from './chain-folder.js'
import type { StageName } from './plan.js'

export interface Figure {
  /** Names it in its stage. */
  name: string
  /** One line for people who see it, and for those who do not. */
  caption: string
  svg: string
}

/** The figures of a stage, which may be at work; none before it has anything to show. */
export function figuresOf(folder: string, stage: StageName, isWorking = false): Promise<Figure[]> {
  const place = stagePath(folder, stage)
  switch (stage) {
    case 'search':
      return searchFigures(place, isWorking)
    case 'classifier':
      return curveFigures(place, classifierCurves, 'Loss and accuracy of the classifier')
    case 'detector':
      return curveFigures(place, detectorCurves, 'Loss and average precision of the detector')
  }
}

async function searchFigures(place: string, isWorking: boolean): Promise<Figure[]> {
  if (!existsSync(configPath(place))) return []
  const { space } = await readSearchConfig(place)
  const events = await readJournal(journalPath(place))
  const told = events.filter((event): event is ToldEvent => event.kind === 'told')
  const [best] = bestChildren(space, events, 1)
  // What was given up at the end of the stage's time has no result either.
  const inWork = events.filter(
    (event): event is AskedEvent =>
      isWorking && event.kind === 'asked' && !told.some(({ result }) => result.id === event.id),
  )
  return [
    ...(told.length > 0 ? [rewards(told)] : []),
    ...(best
      ? [
          cells(
            'best',
            space,
            best,
            `The best cells so far: child ${best.id}, reward ${best.told.reward.toFixed(3)}`,
          ),
        ]
      : []),
    ...inWork
      .slice(-1)
      .map((child) => cells('tried', space, child, `Being tried: the cells of child ${child.id}`)),
  ]
}

const cells = (
  name: string,
  space: SearchSpace,
  { decisions }: Pick<AskedEvent, 'decisions'>,
  caption: string,
): Figure => ({ name, caption, svg: drawGenotype(decodeCells(space, decisions)) })

/** The reward of each child, and the best so far. */
function rewards(told: readonly ToldEvent[]): Figure {
  const points = told.map(({ reward }, i) => ({ x: i + 1, y: reward }))
  let best = 0
  const tops = points.map(({ x, y }) => {
    best = Math.max(best, y)
    return { x, y: best }
  })
  const svg = drawChart(
    [
      {
        title: 'Reward of each child',
        x: { domain: [0, Math.max(10, told.length)], nice: true, label: 'children' },
        y: {
          domain: extentOf(
            points.map(({ y }) => y),
            true,
          ),
          nice: true,
        },
        marks: [dots(points, 0), line(tops, { series: 0, style: 'dashed' })],
      },
    ],
    { legend: [sample('best so far', 'dashed'), dotSample('one child')] },
  )
  return { name: 'rewards', caption: `Rewards of ${told.length} children, the best ${best.toFixed(3)}`, svg }
}

async function curveFigures<M extends Metrics>(
  place: string,
  kind: CurveKind<M>,
  caption: string,
): Promise<Figure[]> {
  const rows = await readRows<M>(metricsPath(place))
  if (!rows.some((row) => row.kind === 'training')) return []
  return [{ name: 'curves', caption, svg: drawCurves([{ name: 'run', rows }], 'minutes', kind) }]
}
