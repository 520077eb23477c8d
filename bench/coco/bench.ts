/**
 * Evaluation speed and memory against packages of PyPI, on synthetic data of val2017's size, in
 * alternating rounds, since a machine's speed drifts. Each measurement is a process of its own.
 */
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Command, InvalidArgumentError } from 'commander'
import {
  canImport,
  count,
  inRounds as eachInRounds,
  machine,
  measured,
  python,
  sourceOf,
} from '../measure.js'
import { median, table } from '../statistics.js'
import { drawMasks, TRAIN2017, VAL2017, writeAnnotations, writeDetections } from './data.js'

type Part = 'bbox' | 'segm' | 'masks' | 'load'
type Side = 'coco-ts' | typeof THREADED | Peer

/** coco-ts with its matching in worker threads, where there is an evaluation. */
const THREADED = 'coco-ts, 2 threads'

/** Packages of PyPI, and their modules. The last three evaluate, and do not have pycocotools' mask functions. */
const PEERS = {
  pycocotools: 'pycocotools.cocoeval',
  'faster-coco-eval': 'faster_coco_eval',
  hotcoco: 'hotcoco',
  'ultrafast-pycocotools': 'ultrafast_pycocotools',
  vernier: 'vernier',
}
type Peer = keyof typeof PEERS

interface Evaluation {
  load: number
  evaluate: number
  /** Processor seconds of the whole process, from its start to the table. */
  totalCpu: number
  /** Processor seconds, all threads: less touched by what else runs on the machine. */
  evaluateCpu: number
  stats: number[]
  peakBytes: number
}

interface Masks {
  /** Processor time of one call, by operation. */
  microseconds: Record<string, number>
  /** Of all masks: must be the same on every side. */
  pixels: number
}

interface Loading {
  load: number
  loadCpu: number
  peakBytes: number
}

const PARTS: Part[] = ['bbox', 'segm', 'masks', 'load']

const part = (text: string): Part => {
  if (!PARTS.includes(text as Part)) throw new InvalidArgumentError(`It must be one of ${PARTS.join(', ')}.`)
  return text as Part
}

const program = new Command('npm run bench coco --')
  .description(
    'COCO evaluation, masks and loading beside pycocotools, faster-coco-eval, hotcoco, ultrafast-pycocotools and vernier, as far as $PYTHON or python3 has them.',
  )
  .argument('[parts...]', `what to measure: ${PARTS.join(', ')} (default: all)`)
  .option('--rounds <n>', 'rounds, each measuring every side once', count, 3)
  .option('--images <n>', 'images of the synthetic val2017', count, VAL2017.images)
  .option('--without <peers...>', `leave out some of ${Object.keys(PEERS).join(', ')}`, [] as string[])
  .option('--json', 'print JSON alone', false)
  .parse()
const options = program.opts<{ rounds: number; images: number; without: string[]; json: boolean }>()
const parts = program.args.length > 0 ? program.args.map(part) : PARTS

const ours = fileURLToPath(new URL('./ours.js', import.meta.url))

const wanted = (Object.keys(PEERS) as Peer[]).filter((peer) => !options.without.includes(peer))
const installed = wanted.filter((peer) => canImport(PEERS[peer]))
const missing = wanted.filter((peer) => !installed.includes(peer))
if (missing.length > 0) say(`${python} does not have ${missing.join(', ')}: install them with pip to compare`)

function measure<T>(side: Side, what: string, files: string[]): T {
  if (side === 'coco-ts') return measured(process.execPath, [ours, what, ...files])
  if (side === THREADED) return measured(process.execPath, [ours, what, ...files, '2'])
  return measured(python, [sourceOf('coco/peer.py'), side, what, ...files])
}

/** Every side once in each round, in turn. */
function inRounds<T>(what: string, files: string[], rounds = options.rounds): Map<Side, T[]> {
  say(`${what}:`)
  const whole = ['pycocotools', 'faster-coco-eval']
  const sides: Side[] = [
    'coco-ts',
    ...(what === 'evaluate' ? ([THREADED] as const) : []),
    ...installed.filter((peer) => what === 'evaluate' || whole.includes(peer)),
  ]
  const measurements = Object.fromEntries(sides.map((side) => [side, () => measure<T>(side, what, files)]))
  const reports = eachInRounds<Side, T>(measurements, rounds, () => 'done')
  return new Map(sides.map((side) => [side, reports[side]]))
}

function say(text: string): void {
  console.error(text)
}

const folder = mkdtempSync(join(tmpdir(), 'bench-coco-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
process.on('SIGINT', () => process.exit(130))

const report: Record<string, unknown> = {}
const lines: string[] = [
  `${machine}, Node ${process.version}, load ${loadavg()[0].toFixed(1)}, ${options.rounds} alternating rounds, medians`,
]
const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(0)

/** Results of every side, each with its ratio to ours, the first. */
function withRatios(values: number[], digits: number): string[][] {
  return values.map((value) => [value.toFixed(digits), `${(value / values[0]).toFixed(2)} ×`])
}

async function evaluation(form: 'bbox' | 'segm'): Promise<void> {
  const objects = Math.round((VAL2017.objects * options.images) / VAL2017.images)
  const shape = { ...VAL2017, images: options.images, objects }
  const [annotations, detections] = ['gt.json', `${form}.json`].map((name) => join(folder, name))
  say(
    `writing ${shape.images} images, ${objects} objects, ${shape.images * shape.detections} detections (${form})`,
  )
  await writeAnnotations(annotations, shape)
  await writeDetections(detections, shape, form)
  const found = inRounds<Evaluation>('evaluate', [annotations, detections, form])
  const medians = (key: 'load' | 'evaluate' | 'evaluateCpu' | 'totalCpu' | 'peakBytes'): number[] =>
    [...found.values()].map((list) => median(list.map((one) => one[key])))
  const wall = withRatios(medians('evaluate'), 2)
  const cpu = withRatios(medians('evaluateCpu'), 2)
  const load = withRatios(medians('load'), 2)
  const total = withRatios(medians('totalCpu'), 2)
  const peak = medians('peakBytes')
  const expected = found.get('pycocotools')?.[0].stats
  const rows = [
    [
      form,
      'evaluate s',
      'ratio',
      'CPU s',
      'ratio',
      'load s',
      'ratio',
      'all CPU s',
      'ratio',
      'peak MB',
      'stats',
    ],
  ]
  ;[...found.keys()].forEach((side, i) => {
    const gaps = expected?.map((value, n) => Math.abs(value - found.get(side)![0].stats[n])) ?? []
    const agreement = expected === undefined ? '' : `off by ${Math.max(...gaps).toExponential(0)}`
    rows.push([side, ...wall[i], ...cpu[i], ...load[i], ...total[i], megabytes(peak[i]), agreement])
  })
  lines.push('', table(rows))
  report[form] = Object.fromEntries(found)
}

function maskOperations(): void {
  const path = join(folder, 'masks.json')
  writeFileSync(path, JSON.stringify(drawMasks(2000)))
  const found = inRounds<Masks>('masks', [path])
  if (new Set([...found.values()].map(([one]) => one.pixels)).size > 1) throw new Error('The masks differ.')
  const rows = [['CPU µs a call', ...[...found.keys()].flatMap((side) => [side, 'ratio'])]]
  for (const name of Object.keys(found.get('coco-ts')![0].microseconds)) {
    const values = [...found.values()].map((list) => median(list.map((one) => one.microseconds[name])))
    rows.push([name, ...withRatios(values, 1).flat()])
  }
  lines.push('', table(rows))
  report.masks = Object.fromEntries(found)
}

async function loading(): Promise<void> {
  const path = join(folder, 'train.json')
  say(`writing ${TRAIN2017.objects} annotations`)
  const bytes = await writeAnnotations(path, TRAIN2017)
  // So that every side finds the file in the page cache.
  for await (const _ of createReadStream(path, { highWaterMark: 1 << 20 }));
  const found = inRounds<Loading>('load', [path], 1)
  const rows = [[`load ${megabytes(bytes)} MB, once`, 's', 'CPU s', 'peak MB', 'peak / file']]
  for (const [side, [one]] of found) {
    const times = [one.load.toFixed(1), one.loadCpu.toFixed(1)]
    rows.push([side, ...times, megabytes(one.peakBytes), (one.peakBytes / bytes).toFixed(2)])
  }
  lines.push('', table(rows))
  report.load = { bytes, ...Object.fromEntries(found) }
}

for (const chosen of parts) {
  if (chosen === 'masks') maskOperations()
  else if (chosen === 'load') await loading()
  else await evaluation(chosen)
}
console.log(options.json ? JSON.stringify(report) : lines.join('\n'))
