/**
 * Preparing training images: JPEG files are decoded, cropped at random, scaled, mirrored, changed in colour and batched, by
 * the toolkit's threads and by torchvision's and TensorFlow's pipelines, in alternating rounds.
 */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import { composeScenes } from '../../datasets/detection/scenes.js'
import { canImport, count, inRounds, machine, measured, python, sourceOf, warnIfBusy } from '../measure.js'
import { median, table } from '../statistics.js'
import type { DataReport } from './report.js'

/** Peers: the modules that they need. */
const PEERS: Record<string, { name: string; modules: string }> = {
  torchvision: { name: 'torchvision', modules: 'torchvision' },
  tensorflow: { name: 'tf.data', modules: 'tensorflow' },
}

/** Scenes that are drawn where no photographs are named, and their side in pixels. */
const SCENES = { count: 64, size: 512 }

interface Options {
  photographs?: string
  size: number
  batch: number
  images: number
  workers: number
  rounds: number
  json: boolean
}

const help = `
Images per second of processor time are what one core prepares: all threads and child processes are counted, so that this
figure depends less on what else the machine does. Ours are the batches of the preset imagenet-mobile, whose crops are
scaled by one of four kernels; torchvision's are those of its training recipes; TensorFlow's those of TF-Slim, in its fast
mode, on tf.data. torchvision decodes in the main process with --workers 0.

Example:
  $ PYTHON=/path/to/venv/bin/python npm run bench data -- --photographs coco128/train2017`

const options = new Command('npm run bench data --')
  .description(
    'Images that are prepared for training, beside what $PYTHON or python3 has of torchvision and TensorFlow.',
  )
  .option('--photographs <folder>', 'JPEG files; by default drawn scenes')
  .option('--size <pixels>', 'side of the prepared images', count, 224)
  .option('--batch <n>', 'images in a batch', count, 32)
  .option('--images <n>', 'images prepared in a round', count, 512)
  .option('--workers <n>', 'threads or processes of each side', count, 1)
  .option('--rounds <n>', 'rounds, each measuring every side once', count, 3)
  .option('--json', 'print figures as JSON', false)
  .addHelpText('after', help)
  .parse()
  .opts<Options>()

const folder = mkdtempSync(join(tmpdir(), 'bench-data-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
process.on('SIGINT', () => process.exit(130))

/** One class of images, as all sides read it. */
async function prepareFolder(): Promise<number> {
  const place = join(folder, 'train', 'photographs')
  mkdirSync(place, { recursive: true })
  if (options.photographs !== undefined) {
    const names = readdirSync(options.photographs).filter((name) => name.endsWith('.jpg'))
    for (const name of names) symlinkSync(resolve(options.photographs, name), join(place, name))
    return names.length
  }
  for await (const { jpeg, fileName } of composeScenes({ part: 'train', ...SCENES }))
    writeFileSync(join(place, fileName), jpeg)
  return SCENES.count
}

const { size, batch, images, workers } = options

const ours = (): DataReport =>
  measured(process.execPath, [
    fileURLToPath(new URL('./ours.js', import.meta.url)),
    folder,
    ...[size, batch, images, workers].map(String),
  ])

const peer = (library: string): DataReport =>
  measured(python, [
    sourceOf('data/peer.py'),
    library,
    join(folder, 'train'),
    ...Object.entries({ size, batch, images, workers }).flatMap(([name, value]) => [`--${name}`, `${value}`]),
  ])

const perSecond = ({ images, seconds }: DataReport): number => images / seconds
const perCore = ({ images, processorSeconds }: DataReport): number => images / processorSeconds

warnIfBusy()
const files = await prepareFolder()
const sides: Record<string, () => DataReport> = { ours }
for (const [library, { modules }] of Object.entries(PEERS)) {
  if (canImport(modules)) sides[library] = () => peer(library)
  else console.error(`${python} cannot import ${modules} (set PYTHON to one that can), so it is left out.`)
}
const reports = inRounds(sides, options.rounds, (report) => `${perCore(report).toFixed(0)} images/s and core`)
const results = Object.entries(reports).map(([side, rounds]) => ({
  side,
  name: PEERS[side]?.name ?? side,
  perCore: median(rounds.map(perCore)),
  // Paired by round: what slows one side of a round tends to slow the others.
  oursIs: median(rounds.map((report, round) => perCore(reports.ours[round]) / perCore(report))),
  perSecond: median(rounds.map(perSecond)),
  peakMemoryBytes: median(rounds.map(({ peakMemoryBytes }) => peakMemoryBytes)),
  version: rounds[0].version,
}))
if (options.json) console.log(JSON.stringify({ machine, options, files, results, reports }))
else {
  const head = ['', 'images/s and core', 'ours is', 'images/s', 'peak MiB', 'version']
  const rows = results.map(({ side, name, perCore, oursIs, perSecond, peakMemoryBytes, version }) => [
    name,
    perCore.toFixed(0),
    side === 'ours' ? '' : `× ${oursIs.toFixed(2)}`,
    perSecond.toFixed(0),
    (peakMemoryBytes / 2 ** 20).toFixed(0),
    version,
  ])
  console.log(`${machine}; ${files} files, to ${size} × ${size}, ${options.rounds} × ${images} images`)
  console.log(table([head, ...rows]))
}
