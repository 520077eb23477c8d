/**
 * Detectors against torchvision's Faster R-CNN: a training step and the inference of one image, all cores, in
 * alternating rounds, since a machine's speed drifts. Each measurement is a process of its own.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command, Option } from 'commander'
import { size } from '../../src/commands/shared/flags.js'
import { UserError } from '../../src/shared/errors.js'
import { validateDetectorConfig } from '../../src/train/detection/config.js'
import { detectorPresets } from '../../src/train/detection/presets.js'
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
import { table } from '../statistics.js'
import type { DetectReport } from './report.js'
import { drawScene, writeScene } from './scene.js'
import {
  bestPeers,
  type Layout,
  type Measurement,
  type Mode,
  PEERS,
  rate,
  runOurs,
  runPeer,
  type Side,
  summary,
} from './sides.js'

interface Options {
  mode: Mode | 'both'
  rounds: number
  steps: number
  warmup: number
  preset: string
  inputSize?: [number, number]
  layout: Layout
  peers: boolean
  profile: boolean
  shapes: boolean
  json: boolean
}

/** As many as COCO has. */
const CLASSES = 80
const TITLES: Record<Mode, string> = { train: 'training step', run: 'inference' }

const help = `
Every side trains on the same drawn image of ${CLASSES} classes and looks at it, with random weights: ours is the
toolkit's preset, the others are torchvision's Faster R-CNN at the same input size. The MobileNetV3 for 320 pixels is
that for 600 with fewer proposals.

GFLOP is the arithmetic of one image's forward pass: multiply-adds × 2 of convolutions and products with weights,
with the proposals that the second stage looks at in this mode. These networks differ tenfold in it, so images/s
alone compares networks, not programs. GFLOP/s, which is images/s × GFLOP, is the rate corrected for how much an
image costs, and compares programs. In training they count three times: the backward pass is about twice as much on
every side. "of peak" is the share of what a large dense convolution reaches in ONNX Runtime on all cores, which is
measured in every round.

torch.compile is PyTorch's default mode (inductor) on channels-last. It compiles all layers with weights; what lies
between them picks boxes, a number that differs from image to image. It compiles in the first step, which is never
measured, but its memory counts. "PyTorch's best" is, of one network, the side with the highest median.

Examples:
  $ PYTHON=/path/to/venv/bin/python npm run bench detect
  $ npm run bench detect -- --mode run --rounds 1 --json
  $ npm run bench detect -- --mode run --preset faster-rcnn-nas-fpn-small --steps 20
  $ npm run bench detect -- --mode train --profile`

const program = addPrintOptions(
  new Command('npm run bench detect --')
    .description(
      'Detectors: speed and memory of a training step and an inference, beside torchvision, which $PYTHON or python3 must be able to import.',
    )
    .addOption(
      new Option('--mode <mode>', 'a training step, an inference, or both')
        .choices(['train', 'run', 'both'])
        .default('both'),
    )
    .option('--rounds <n>', 'rounds, each measuring every side once', count, 3)
    .option('--steps <n>', 'steps or inferences measured in a round', count, 5)
    .option('--warmup <n>', 'steps or inferences before those', count, 1)
    .addOption(
      new Option('--preset <name>', "the toolkit's detector")
        .choices(Object.keys(detectorPresets))
        .default('faster-rcnn-nas-mobile'),
    )
    .option('--input-size <size>', "600, or height x width: 480x640 (default: the preset's own)", size)
    .addOption(
      new Option('--layout <layout>', "of torchvision's tensors in memory, but for compiled layers'")
        .choices(['nchw', 'channels_last'])
        .default('channels_last'),
    )
    .option('--no-peers', 'measure ours alone'),
)
  .addHelpText('after', help)
  .parse()
const options = program.opts<Options>()

const folder = mkdtempSync(join(tmpdir(), 'bench-detect-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
process.on('SIGINT', () => process.exit(130))

const { preset, warmup, steps, layout } = options
const measurement: Measurement = { folder, preset, warmup, steps, layout }

function tableOf(mode: Mode, sides: Side[]): string {
  const head = [
    TITLES[mode],
    'images/s',
    'GFLOP',
    'GFLOP/s',
    'of peak',
    'ms',
    'peak MiB',
    'at start',
    'parameters',
  ]
  const ratios = ['ours is, images/s', 'GFLOP/s']
  const last = mode === 'train' ? 'loss' : 'detections'
  const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(0)
  const rows = sides.map(({ name, oursToThis, ...side }) => [
    name,
    side.imagesPerSecond.toFixed(3),
    side.gflop.toFixed(1),
    side.gflopPerSecond.toFixed(1),
    `${(side.ofPeak * 100).toFixed(1)} %`,
    side.stepMillis.toFixed(0),
    mebibytes(side.peakMemoryBytes),
    mebibytes(side.startMemoryBytes),
    `${side.parameters}`,
    ...[oursToThis.imagesPerSecond, oursToThis.gflopPerSecond].map((times) =>
      name === 'ours' ? '' : `× ${times.toFixed(2)}`,
    ),
    mode === 'train' ? side.loss!.toFixed(3) : `${side.detections}`,
  ])
  return table([[...head, ...ratios, last], ...rows])
}

/** Of each network of PyTorch, how ours compares with the faster of its sides, and what compiling took. */
const bestLines = (sides: Side[]): string[] => [
  ...bestPeers(sides).map(
    ({ network, side: { name, oursToThis } }) =>
      `${network}: PyTorch's best is ${name}; ours is × ${oursToThis.imagesPerSecond.toFixed(2)} in images/s, ` +
      `× ${oursToThis.gflopPerSecond.toFixed(2)} in GFLOP/s.`,
  ),
  ...sides
    .filter(({ name }) => PEERS[name]?.compiled)
    .map(
      ({ name, firstStepMillis }) =>
        `${name}: the first one took ${(firstStepMillis / 1000).toFixed(0)} s, not counted.`,
    ),
]

function measure(mode: Mode, peers: string[]) {
  console.error(`${TITLES[mode]}:`)
  const sides: Record<string, () => DetectReport> = { ours: () => runOurs(mode, measurement) }
  for (const name of peers) sides[name] = () => runPeer(name, mode, measurement)
  const peaks: ConvolutionPeak[] = []
  const reports = inRounds(
    sides,
    options.rounds,
    (report) => `${report.imagesPerSecond.toFixed(3)} images/s, ${rate(mode, report).toFixed(1)} GFLOP/s`,
    () => peaks.push(convolutionPeak()),
  )
  return { sides: summary(mode, reports, peaks), peak: medianPeak(peaks) }
}

function compare(modes: Mode[], [height, width]: [number, number]): void {
  const withPeers = options.peers && canImport('torch, torchvision')
  if (options.peers && !withPeers)
    console.error(
      `${python} cannot import torch and torchvision (set PYTHON to one that can), so only ours is measured.`,
    )
  const peers = withPeers ? Object.keys(PEERS) : []
  const measurements = modes.map((mode) => ({ mode, ...measure(mode, peers) }))
  const { rounds } = options
  if (options.json) {
    const results = Object.fromEntries(measurements.map(({ mode, sides }) => [mode, sides]))
    const peak = Object.fromEntries(measurements.map(({ mode, peak }) => [mode, peak]))
    const best = Object.fromEntries(
      measurements.map(({ mode, sides }) => [
        mode,
        bestPeers(sides).map(({ network, side: { name, oursToThis } }) => ({ network, name, oursToThis })),
      ]),
    )
    const asked = { ...options, inputSize: [height, width] }
    console.log(JSON.stringify({ machine, options: asked, results, peak, best }))
    return
  }
  const version = measurements[0].sides.find((side) => side.version)?.version
  const libraries = version === undefined ? [] : [`${version}, ${layout}`]
  const title = [`${preset}, ${height} × ${width}, one image`, machine, ...libraries]
  console.log([...title, `${rounds} × ${steps} steps`].join('; '))
  for (const { mode, sides, peak } of measurements)
    console.log(`\n${[tableOf(mode, sides), '', ...bestLines(sides), peakLine(peak)].join('\n')}`)
  console.log(
    '\nGFLOP: multiply-adds × 2 of one forward pass, with the proposals of this mode. GFLOP/s: images/s × GFLOP, in' +
      '\ntraining × 3: the rate corrected for how much arithmetic an image costs.',
  )
}

/** The height and width that were asked for, if a detector can have them. */
function askedSize(): [number, number] {
  const config = detectorPresets[options.preset]
  try {
    return validateDetectorConfig({ ...config, inputSize: options.inputSize ?? config.inputSize }).inputSize
  } catch (error) {
    if (error instanceof UserError) program.error(`error: ${error.message}.`)
    throw error
  }
}

if (options.profile && options.mode === 'both')
  program.error('error: Say which to profile: --mode train or --mode run.')
const inputSize = askedSize()
warnIfBusy()
writeScene(folder, drawScene(inputSize, CLASSES))
runOurs('prepare', measurement)
const modes: Mode[] = options.mode === 'both' ? ['train', 'run'] : [options.mode]
if (options.profile) printProfile((prefix) => runOurs(modes[0], measurement, prefix), options)
else compare(modes, inputSize)
