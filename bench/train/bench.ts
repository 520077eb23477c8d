/**
 * Training speed against PyTorch: the same NASNet-A child (N = 2, F = 32, batch 32, CIFAR shapes), all cores,
 * in alternating rounds, since a machine's speed drifts. Each measurement is a process of its own.
 */
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import { canImport, count, inRounds, machine, measured, python, sourceOf, warnIfBusy } from '../measure.js'
import { addPrintOptions, printProfile } from '../profile.js'
import { median, table } from '../statistics.js'
import type { TrainReport } from './report.js'

interface Options {
  rounds: number
  steps: number
  warmup: number
  cells: number
  filters: number
  batch: number
  profile: boolean
  shapes: boolean
  json: boolean
}

const options = addPrintOptions(
  new Command('npm run bench train --')
    .description(
      'Training speed and memory against PyTorch eager, which $PYTHON or python3 must be able to import.',
    )
    .option('--rounds <n>', 'rounds, each measuring every side once', count, 3)
    .option('--steps <n>', 'steps measured in a round', count, 15)
    .option('--warmup <n>', 'steps before those', count, 3)
    .option('--cells <n>', 'normal cells in each stage (N)', count, 2)
    .option('--filters <n>', 'filters of the first stage (F)', count, 32)
    .option('--batch <n>', 'images in a step', count, 32),
)
  .parse()
  .opts<Options>()

function ours(profilePrefix?: string): TrainReport {
  const { cells, filters, batch, warmup, steps } = options
  const script = fileURLToPath(new URL('./ours.js', import.meta.url))
  const shape = [cells, filters, batch, warmup, steps].map(String)
  return measured(process.execPath, [script, ...shape, ...(profilePrefix ? [profilePrefix] : [])])
}

function torch(layout: 'nchw' | 'channels_last'): TrainReport {
  const { cells, filters, batch, warmup, steps } = options
  const numbers = Object.entries({ cells, filters, batch, warmup, steps })
  return measured(python, [
    sourceOf('train/torch_peer.py'),
    '--layout',
    layout,
    ...numbers.flatMap(([name, n]) => [`--${name}`, `${n}`]),
  ])
}

function compare(): void {
  const sides: Record<string, () => TrainReport> = { ours: () => ours() }
  if (canImport('torch')) {
    sides['PyTorch NCHW'] = () => torch('nchw')
    sides['PyTorch channels-last'] = () => torch('channels_last')
  } else {
    console.error(`${python} cannot import torch (set PYTHON to one that can), so only ours is measured.`)
  }

  const reports = inRounds(
    sides,
    options.rounds,
    ({ imagesPerSecond }) => `${imagesPerSecond.toFixed(1)} images/s`,
  )

  const results = Object.entries(reports).map(([name, rounds]) => ({
    name,
    imagesPerSecond: median(rounds.map(({ imagesPerSecond }) => imagesPerSecond)),
    stepMillis: median(rounds.flatMap(({ stepMillis }) => stepMillis)),
    peakMemoryBytes: median(rounds.map(({ peakMemoryBytes }) => peakMemoryBytes)),
    // Paired by round: what slows one side of a round tends to slow the others.
    oursToThis: median(
      rounds.map(({ imagesPerSecond }, round) => reports.ours[round].imagesPerSecond / imagesPerSecond),
    ),
    lastLoss: median(rounds.map(({ losses }) => losses[losses.length - 1])),
    parameters: rounds[0].parameters,
    rounds: rounds.map(({ imagesPerSecond }) => imagesPerSecond),
  }))
  const start = {
    tracingMillis: median(reports.ours.map(({ tracingMillis }) => tracingMillis!)),
    sessionMillis: median(reports.ours.map(({ sessionMillis }) => sessionMillis!)),
    nodes: reports.ours[0].nodes!,
  }
  if (options.json) {
    console.log(JSON.stringify({ machine, options, results, start }))
    return
  }

  const { cells, filters, batch, rounds, steps } = options
  console.log(
    `NASNet-A, N = ${cells}, F = ${filters}, batch ${batch}, 32×32; ${machine}; ${rounds} × ${steps} steps\n`,
  )
  const head = ['', 'images/s', 'ms a step', 'peak MiB', 'ours is', 'parameters', 'last loss']
  const rows = results.map((side) => [
    side.name,
    side.imagesPerSecond.toFixed(1),
    side.stepMillis.toFixed(0),
    (side.peakMemoryBytes / 2 ** 20).toFixed(0),
    side.name === 'ours' ? '' : `× ${side.oursToThis.toFixed(2)}`,
    `${side.parameters.total}`,
    side.lastLoss.toFixed(3),
  ])
  console.log(table([head, ...rows]))
  console.log(
    `\nOurs: tracing and lowering ${start.tracingMillis.toFixed(0)} ms, ` +
      `session creation ${start.sessionMillis.toFixed(0)} ms, ${start.nodes} nodes.`,
  )
}

warnIfBusy()
if (options.profile) printProfile(ours, options)
else compare()
