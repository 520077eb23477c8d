/** Widths side by side: what one that does not fill whole blocks costs, beside the next that does. */
import { type ConvolutionPeak, convolutionPeak, inRounds, machine, medianPeak, peakLine } from '../measure.js'
import { median, table } from '../statistics.js'
import { stepGflop, type TrainCase } from './case.js'
import type { TrainReport } from './report.js'
import { bestPeer, type Side, type Steps, summary, trainOurs, trainPeer } from './sides.js'

export interface Sweep extends Steps {
  rounds: number
  widths: number[]
  caseOf(filters: number): TrainCase
  peers: string[]
  title(one: TrainCase, widths: string): string
  json: boolean
}

/** The next multiple of 16, the largest block of any processor. */
const wholeBlocks = (filters: number): number => Math.ceil(filters / 16) * 16

/** Prints a row for each width. Neighbours that nobody asked for are measured without peers. */
export function compareWidths({
  caseOf,
  peers,
  widths: asked,
  rounds,
  json,
  title,
  warmup,
  steps,
}: Sweep): void {
  const widths = [...new Set([...asked, ...asked.map(wholeBlocks)])].sort((a, b) => a - b)
  const names = (filters: number): string[] => ['ours', ...(asked.includes(filters) ? peers : [])]
  const key = (filters: number, name: string): string => `F = ${filters}, ${name}`
  const sides: Record<string, () => TrainReport> = {}
  for (const filters of widths)
    for (const name of names(filters))
      sides[key(filters, name)] = () =>
        name === 'ours'
          ? trainOurs(caseOf(filters), { warmup, steps })
          : trainPeer(name, caseOf(filters), { warmup, steps })

  const peaks: ConvolutionPeak[] = []
  const reports = inRounds(
    sides,
    rounds,
    ({ imagesPerSecond }) => `${imagesPerSecond.toFixed(1)} images/s`,
    () => peaks.push(convolutionPeak()),
  )
  const rates = (filters: number): number[] => {
    const gflop = stepGflop(caseOf(filters))
    return reports[key(filters, 'ours')].map(({ imagesPerSecond }) => imagesPerSecond * gflop)
  }
  const rows = widths.map((filters) => {
    const own = Object.fromEntries(names(filters).map((name) => [name, reports[key(filters, name)]]))
    const results = summary(own, caseOf(filters), peaks)
    const best = bestPeer(results)
    const neighbour = wholeBlocks(filters)
    const beside = rates(neighbour)
    return {
      filters,
      neighbour,
      // Paired by round: what slows one side of a round tends to slow the others.
      toNeighbour: median(rates(filters).map((rate, round) => rate / beside[round])),
      results,
      best: best && { name: best.name, imagesPerSecond: best.imagesPerSecond, oursToThis: best.oursToThis },
    }
  })

  const peak = medianPeak(peaks)
  if (json) {
    const { filters: _, ...network } = caseOf(widths[0])
    console.log(JSON.stringify({ machine, options: { rounds, warmup, steps }, network, peak, widths: rows }))
    return
  }
  console.log(`${title(caseOf(widths[0]), `F = ${widths.join(', ')}`)}\n`)
  const head = ['F', 'images/s', 'ms a step', 'GFLOP/s', 'of peak', 'to the next × 16']
  const lines = rows.map(({ filters, neighbour, toNeighbour, results: [ours], best }) => [
    `${filters}`,
    ...figures(ours),
    neighbour === filters ? '' : `${toNeighbour.toFixed(2)} of F = ${neighbour}`,
    best ? `${best.imagesPerSecond.toFixed(1)} (${best.name})` : '',
    best ? `× ${best.oursToThis.toFixed(2)}` : '',
  ])
  console.log(table([[...head, "PyTorch's best, images/s", 'ours is'], ...lines]))
  console.log(`\n${peakLine(peak)}`)
}

const figures = ({ imagesPerSecond, stepMillis, gflopPerSecond, ofPeak }: Side): string[] => [
  imagesPerSecond.toFixed(1),
  stepMillis.toFixed(0),
  gflopPerSecond.toFixed(1),
  `${(ofPeak * 100).toFixed(1)} %`,
]
