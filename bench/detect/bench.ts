/**
 * Detectors against torchvision's Faster R-CNN: a training step and the inference of one image, all cores, in
 * alternating rounds, since a machine's speed drifts. Each measurement is a process of its own.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Command, Option } from 'commander'
import { size } from '../../src/commands/shared/flags.js'
import { UserError } from '../../src/shared/errors.js'
import { validateDetectorConfig } from '../../src/train/detection/config.js'
import { detectorPresets } from '../../src/train/detection/presets.js'
import { canImport, count, inRounds, machine, measured, python, sourceOf, warnIfBusy } from '../measure.js'
import { addPrintOptions, printProfile } from '../profile.js'
import { median, table } from '../statistics.js'
import type { DetectReport } from './report.js'
import { drawScene, writeScene } from './scene.js'

type Mode = 'train' | 'run'

interface Options {
  mode: Mode | 'both'
  rounds: number
  steps: number
  warmup: number
  preset: string
  inputSize?: [number, number]
  layout: 'nchw' | 'channels_last'
  profile: boolean
  shapes: boolean
  json: boolean
}

/** As many as COCO has. */
const CLASSES = 80
const TITLES: Record<Mode, string> = { train: 'training step', run: 'inference' }
const PEERS = {
  mobilenet320: 'torchvision MobileNetV3-Large 320 FPN',
  mobilenet: 'torchvision MobileNetV3-Large FPN',
  resnet50: 'torchvision ResNet-50 FPN',
}

const help = `
Every side trains on the same drawn image of ${CLASSES} classes and looks at it, with random weights: ours is the
toolkit's preset, the others are torchvision's Faster R-CNN at the same input size. The MobileNetV3 for 320 pixels is
that for 600 with fewer proposals.

GFLOP is the arithmetic of one image's forward pass: multiply-adds × 2 of convolutions and products with weights,
with the proposals that the second stage looks at in this mode. These networks differ tenfold in it, so images/s
alone compares networks, not programs. GFLOP/s, which is images/s × GFLOP, is the rate corrected for how much an
image costs, and compares programs. For training the forward pass's GFLOP count as well: the backward pass is about
twice as much on every side.

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
      new Option('--layout <layout>', "of torchvision's tensors in memory")
        .choices(['nchw', 'channels_last'])
        .default('channels_last'),
    ),
)
  .addHelpText('after', help)
  .parse()
const options = program.opts<Options>()

const folder = mkdtempSync(join(tmpdir(), 'bench-detect-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
process.on('SIGINT', () => process.exit(130))

function ours(mode: Mode | 'prepare', ...profilePrefix: string[]): DetectReport {
  const { preset, warmup, steps } = options
  const script = fileURLToPath(new URL('./ours.js', import.meta.url))
  return measured(process.execPath, [script, mode, folder, preset, `${warmup}`, `${steps}`, ...profilePrefix])
}

function peer(model: string, mode: Mode): DetectReport {
  const flags = Object.entries({ layout: options.layout, warmup: options.warmup, steps: options.steps })
  return measured(python, [
    sourceOf('detect/torchvision_peer.py'),
    model,
    mode,
    folder,
    ...flags.flatMap(([name, value]) => [`--${name}`, `${value}`]),
  ])
}

const rate = ({ imagesPerSecond, gflop }: DetectReport): number => imagesPerSecond * gflop

/** Medians of every side, and how many times as fast ours is. */
function summary(reports: Record<string, DetectReport[]>) {
  // Paired by round: what slows one side of a round tends to slow the others.
  const oursTo = (rounds: DetectReport[], speed: (report: DetectReport) => number): number =>
    median(rounds.map((report, round) => speed(reports.ours[round]) / speed(report)))
  return Object.entries(reports).map(([name, rounds]) => {
    const middle = (figure: (report: DetectReport) => number): number => median(rounds.map(figure))
    const [first] = rounds
    return {
      name,
      imagesPerSecond: middle(({ imagesPerSecond }) => imagesPerSecond),
      gflop: middle(({ gflop }) => gflop),
      gflopPerSecond: middle(rate),
      oursToThis: {
        imagesPerSecond: oursTo(rounds, ({ imagesPerSecond }) => imagesPerSecond),
        gflopPerSecond: oursTo(rounds, rate),
      },
      stepMillis: median(rounds.flatMap(({ stepMillis }) => stepMillis)),
      peakMemoryBytes: middle(({ peakMemoryBytes }) => peakMemoryBytes),
      startMemoryBytes: middle(({ startMemoryBytes }) => startMemoryBytes),
      parameters: first.parameters,
      loss: first.loss,
      detections: first.detections,
      version: first.version,
      rounds: rounds.map(({ imagesPerSecond }) => imagesPerSecond),
    }
  })
}

type Side = ReturnType<typeof summary>[number]

function tableOf(mode: Mode, sides: Side[]): string {
  const head = [TITLES[mode], 'images/s', 'GFLOP', 'GFLOP/s', 'ms', 'peak MiB', 'at start', 'parameters']
  const ratios = ['ours is, images/s', 'GFLOP/s']
  const last = mode === 'train' ? 'loss' : 'detections'
  const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(0)
  const rows = sides.map(({ name, oursToThis, ...side }) => [
    name,
    side.imagesPerSecond.toFixed(3),
    side.gflop.toFixed(1),
    side.gflopPerSecond.toFixed(1),
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

function compare(modes: Mode[], [height, width]: [number, number]): void {
  const peers = canImport('torch, torchvision') ? Object.entries(PEERS) : []
  if (peers.length === 0)
    console.error(
      `${python} cannot import torch and torchvision (set PYTHON to one that can), so only ours is measured.`,
    )
  const results: Partial<Record<Mode, Side[]>> = {}
  for (const mode of modes) {
    console.error(`${TITLES[mode]}:`)
    const measurements: Record<string, () => DetectReport> = {
      ours: () => ours(mode),
      ...Object.fromEntries(peers.map(([model, name]) => [name, () => peer(model, mode)])),
    }
    const tell = (report: DetectReport): string =>
      `${report.imagesPerSecond.toFixed(3)} images/s, ${rate(report).toFixed(1)} GFLOP/s`
    results[mode] = summary(inRounds(measurements, options.rounds, tell))
  }
  const { preset, rounds, steps, layout } = options
  if (options.json) {
    console.log(JSON.stringify({ machine, options: { ...options, inputSize: [height, width] }, results }))
    return
  }
  const version = Object.values(results)[0].find((side) => side.version)?.version
  const libraries = version === undefined ? [] : [`${version}, ${layout}`]
  console.log(
    [`${preset}, ${height} × ${width}, one image`, machine, ...libraries, `${rounds} × ${steps} steps`].join(
      '; ',
    ),
  )
  for (const mode of modes) console.log(`\n${tableOf(mode, results[mode]!)}`)
  console.log(
    '\nGFLOP: multiply-adds × 2 of one forward pass, with the proposals of this mode. GFLOP/s: images/s × GFLOP, the' +
      '\nrate corrected for how much arithmetic an image costs; for training the forward pass counts alone.',
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
ours('prepare')
const modes: Mode[] = options.mode === 'both' ? ['train', 'run'] : [options.mode]
if (options.profile) printProfile((prefix) => ours(modes[0], prefix), options)
else compare(modes, inputSize)
