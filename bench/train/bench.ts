/**
 * Training speed against PyTorch: the same NASNet-A, all cores, in alternating rounds, since a machine's speed drifts.
 * Each measurement is a process of its own.
 */
import { Command, Option } from 'commander'
import { ModelError } from '../../models/index.js'
import { listOf } from '../../src/commands/shared/flags.js'
import {
  type ConvolutionPeak,
  canImport,
  convolutionPeak,
  count,
  inRounds,
  machine,
  medianPeak,
  peakLine,
  python,
  warnIfBusy,
} from '../measure.js'
import { addPrintOptions, printProfile } from '../profile.js'
import { median, table } from '../statistics.js'
import { STEM_DEFAULTS, stepGflop, type TrainCase } from './case.js'
import type { TrainReport } from './report.js'
import { bestPeer, PEERS, type Side, type Steps, summary, trainOurs, trainPeer } from './sides.js'
import { compareWidths } from './sweep.js'

interface Options extends Steps, Pick<TrainCase, 'stem' | 'cells' | 'filters'> {
  rounds: number
  stemFilters?: number
  batch?: number
  imageSize?: number
  classes?: number
  sweep?: number[]
  peers: boolean
  profile: boolean
  shapes: boolean
  json: boolean
}

const help = `
GFLOP/s counts the multiply-adds of convolutions and the dense layer × 2 × 3 (forward, and the gradients of inputs and
of weights), of every side the same. "of peak" is its share of what a large dense convolution reaches in ONNX Runtime on
all cores, which is measured in every round.

torch.compile is PyTorch's default mode (inductor) on channels-last; it compiles in the first step, which is never
measured, but its memory counts. "PyTorch's best" is the peer with the highest median.

--sweep compares widths: each beside the next multiple of 16, which fills whole blocks.

Examples:
  $ PYTHON=/path/to/venv/bin/python npm run bench train -- --rounds 5
  $ npm run bench train -- --stem imagenet --cells 4 --filters 44 --steps 5
  $ npm run bench train -- --sweep 24,32,44,48 --rounds 5
  $ npm run bench train -- --profile`

const program = addPrintOptions(
  new Command('npm run bench train --')
    .description(
      'Training speed and memory against PyTorch, eager and compiled, which $PYTHON or python3 must be able to import.',
    )
    .option('--rounds <n>', 'rounds, each measuring every side once', count, 3)
    .option('--steps <n>', 'steps measured in a round', count, 15)
    .option('--warmup <n>', 'steps before those', count, 3)
    .option('--cells <n>', 'normal cells in each stage (N)', count, 2)
    .option('--filters <n>', 'filters of the first stage (F)', count, 32)
    .addOption(
      new Option('--stem <stem>', 'of the network').choices(Object.keys(STEM_DEFAULTS)).default('cifar'),
    )
    .option('--stem-filters <n>', 'of its first convolution (default: 3 F; imagenet: 32)', count)
    .option('--image-size <pixels>', 'a side of the images (default: 32; imagenet: 224)', count)
    .option('--batch <n>', 'images in a step (default: 32; imagenet: 16)', count)
    .option('--classes <n>', 'of the images (default: 10; imagenet: 1000)', count)
    .option(
      '--sweep <widths>',
      'compare these instead of --filters',
      listOf(count, 'widths with commas between them, such as 24,32,44'),
    )
    .option('--no-peers', 'measure ours alone'),
)
  .addHelpText('after', help)
  .parse()
const options = program.opts<Options>()

/** The case of the options, of some width. */
function caseOf(filters: number): TrainCase {
  const { stem, cells } = options
  const { stemFilters, ...others } = STEM_DEFAULTS[stem]
  const { batch = others.batch, imageSize = others.imageSize, classes = others.classes } = options
  const chosen = options.stemFilters ?? stemFilters(filters)
  return { stem, stemFilters: chosen, cells, filters, batch, imageSize, classes }
}

const titleOf = ({ stem, cells, batch, imageSize, classes }: TrainCase, widths: string): string =>
  `NASNet-A, N = ${cells}, ${widths}, ${stem} stem, batch ${batch}, ${imageSize} × ${imageSize}, ` +
  `${classes} classes; ${machine}; ${options.rounds} × ${options.steps} steps`

function compare(one: TrainCase, peers: string[]): void {
  const sides: Record<string, () => TrainReport> = { ours: () => trainOurs(one, options) }
  for (const name of peers) sides[name] = () => trainPeer(name, one, options)
  const peaks: ConvolutionPeak[] = []
  const reports = inRounds(
    sides,
    options.rounds,
    ({ imagesPerSecond }) => `${imagesPerSecond.toFixed(1)} images/s`,
    () => peaks.push(convolutionPeak()),
  )
  const results = summary(reports, one, peaks)
  const best = bestPeer(results)
  const start = {
    tracingMillis: median(reports.ours.map(({ tracingMillis }) => tracingMillis!)),
    sessionMillis: median(reports.ours.map(({ sessionMillis }) => sessionMillis!)),
    nodes: reports.ours[0].nodes!,
  }
  const peak = medianPeak(peaks)
  if (options.json) {
    const named = best && { name: best.name, oursToThis: best.oursToThis }
    const { version } = Object.values(reports)[1]?.[0] ?? {}
    console.log(
      JSON.stringify({ machine, options, network: one, peak, results, best: named, start, version }),
    )
    return
  }
  console.log(`${titleOf(one, `F = ${one.filters}`)}\n`)
  console.log(tableOf(results))
  if (best) console.log(`\nPyTorch's best is ${best.name}; ours is × ${best.oursToThis.toFixed(2)}.`)
  for (const { name, firstStepMillis } of results)
    if (name.startsWith('torch.compile'))
      console.log(`${name}: the first step took ${(firstStepMillis / 1000).toFixed(0)} s, not counted.`)
  console.log(
    `Ours: tracing and lowering ${start.tracingMillis.toFixed(0)} ms, ` +
      `session creation ${start.sessionMillis.toFixed(0)} ms, ${start.nodes} nodes.`,
  )
  console.log(peakLine(peak))
}

function tableOf(results: Side[]): string {
  const head = ['', 'images/s', 'ms a step', 'GFLOP/s', 'of peak', 'peak MiB', 'ours is', 'parameters']
  const rows = results.map((side) => [
    side.name,
    side.imagesPerSecond.toFixed(1),
    side.stepMillis.toFixed(0),
    side.gflopPerSecond.toFixed(1),
    `${(side.ofPeak * 100).toFixed(1)} %`,
    (side.peakMemoryBytes / 2 ** 20).toFixed(0),
    side.name === 'ours' ? '' : `× ${side.oursToThis.toFixed(2)}`,
    `${side.parameters.total}`,
    side.lastLoss.toFixed(3),
  ])
  return table([[...head, 'last loss'], ...rows])
}

/** Ends the program where no network of some width can be built, before anything is measured. */
function checkCase(one: TrainCase): void {
  try {
    stepGflop(one)
  } catch (error) {
    if (error instanceof ModelError) program.error(`error: ${error.message}.`)
    throw error
  }
}

if (options.profile && options.sweep)
  program.error('error: Leave out --sweep to profile, and say which width by --filters.')
const widths = options.sweep ?? [options.filters]
for (const width of widths) checkCase(caseOf(width))
warnIfBusy()
const withPeers = options.peers && !options.profile && canImport('torch')
if (options.peers && !options.profile && !withPeers)
  console.error(`${python} cannot import torch (set PYTHON to one that can), so only ours is measured.`)
const peers = withPeers ? Object.keys(PEERS) : []
if (options.profile) printProfile((prefix) => trainOurs(caseOf(options.filters), options, prefix), options)
else if (options.sweep === undefined) compare(caseOf(options.filters), peers)
else compareWidths({ ...options, widths, caseOf, peers, title: titleOf })
