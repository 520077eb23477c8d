/**
 * Inference of the published classifiers against ONNX Runtime's Python on the same file, Keras and compiled PyTorch, all
 * cores, in alternating rounds, since a machine's speed drifts. Each measurement is a process of its own.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Command, Option } from 'commander'
import { canImport, count, inRounds, machine, measured, python, sourceOf, warnIfBusy } from '../measure.js'
import { addPrintOptions, printProfile } from '../profile.js'
import { median, table } from '../statistics.js'
import type { InferReport } from './report.js'

type Network = 'nasnet-a-mobile' | 'nasnet-a-large'

interface Case {
  network: Network
  batch: number
}

const CASES: Record<string, Case> = {
  'mobile-1': { network: 'nasnet-a-mobile', batch: 1 },
  'mobile-8': { network: 'nasnet-a-mobile', batch: 8 },
  'large-1': { network: 'nasnet-a-large', batch: 1 },
}

/** Peers: the modules that they need, and the networks that they have. */
const PEERS: Record<string, { name: string; modules: string; networks: Network[] }> = {
  onnxruntime: {
    name: "ONNX Runtime's Python, the same file",
    modules: 'onnxruntime',
    networks: ['nasnet-a-mobile', 'nasnet-a-large'],
  },
  keras: { name: 'Keras', modules: 'keras, tensorflow', networks: ['nasnet-a-mobile', 'nasnet-a-large'] },
  timm: { name: 'timm, torch.compile', modules: 'timm, torch', networks: ['nasnet-a-large'] },
}

/** Between the probabilities that two programs compute from one file. */
const TOLERANCE = 1e-4

interface Options {
  case: string
  rounds: number
  runs: number
  warmup: number
  profile: boolean
  shapes: boolean
  json: boolean
}

const help = `
Cases are a network and a batch size: nasnet-a-mobile at 1 and 8 images of 224 × 224 pixels, nasnet-a-large at 1 of
331 × 331. Every side takes the same bytes and gives probabilities. Weights are random; what a run takes does not
depend on them. Ours is a session as the server opens it, with the way to its thread and back.

Examples:
  $ PYTHON=/path/to/venv/bin/python npm run bench infer
  $ npm run bench infer -- --case mobile-1 --rounds 5 --json
  $ npm run bench infer -- --case large-1 --profile`

const program = addPrintOptions(
  new Command('npm run bench infer --')
    .description(
      'Inference of exported classifiers: time and memory, beside what $PYTHON or python3 can import of onnxruntime, Keras, and timm.',
    )
    .addOption(
      new Option('--case <name>', 'which network, at which batch size')
        .choices([...Object.keys(CASES), 'all'])
        .default('all'),
    )
    .option('--rounds <n>', 'rounds, each measuring every side once', count, 3)
    .option('--runs <n>', 'runs measured in a round', count, 20)
    .option('--warmup <n>', 'runs before those', count, 3),
)
  .addHelpText('after', help)
  .parse()
const options = program.opts<Options>()

const folder = mkdtempSync(join(tmpdir(), 'bench-infer-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
process.on('SIGINT', () => process.exit(130))

const ourScript = fileURLToPath(new URL('./ours.js', import.meta.url))

function ours({ network, batch }: Case, ...profilePrefix: string[]): InferReport {
  const { warmup, runs } = options
  const numbers = [batch, warmup, runs].map(String)
  return measured(process.execPath, [ourScript, 'run', folder, network, ...numbers, ...profilePrefix])
}

function peer(library: string, { network, batch }: Case): InferReport {
  const flags = Object.entries({ batch, warmup: options.warmup, runs: options.runs })
  return measured(python, [
    sourceOf('infer/peer.py'),
    library,
    folder,
    network,
    ...flags.flatMap(([name, value]) => [`--${name}`, `${value}`]),
  ])
}

/** Throws when ONNX Runtime's Python has other probabilities of the first image than ours: the file is the same. */
function assertAgreement({ ours, onnxruntime }: Record<string, InferReport[] | undefined>): void {
  if (ours === undefined || onnxruntime === undefined) return
  const [[{ probabilities }], [{ probabilities: theirs, version }]] = [ours, onnxruntime]
  const off = Math.max(...probabilities.map((value, label) => Math.abs(value - theirs[label])))
  if (!(off < TOLERANCE)) throw new Error(`${version} answers the same file otherwise, by ${off}`)
}

/** Medians of every side, and how many times as fast ours is. */
function summary(reports: Record<string, InferReport[]>) {
  const middle = (rounds: InferReport[], figure: (report: InferReport) => number): number =>
    median(rounds.map(figure))
  return Object.entries(reports).map(([side, rounds]) => ({
    side,
    name: PEERS[side]?.name ?? side,
    millis: middle(rounds, ({ millis }) => median(millis)),
    // Paired by round: what slows one side of a round tends to slow the others.
    oursIs: median(rounds.map(({ millis }, round) => median(millis) / median(reports.ours[round].millis))),
    startMillis: middle(rounds, ({ startMillis }) => startMillis),
    peakMemoryBytes: middle(rounds, ({ peakMemoryBytes }) => peakMemoryBytes),
    version: rounds[0].version,
    rounds: rounds.map(({ millis }) => median(millis)),
  }))
}

type Side = ReturnType<typeof summary>[number]

function tableOf(sides: Side[]): string {
  const head = ['', 'ms', 'ours is', 'start, ms', 'peak MiB', 'version']
  const rows = sides.map(({ side, name, millis, oursIs, startMillis, peakMemoryBytes, version }) => [
    name,
    millis.toFixed(1),
    side === 'ours' ? '' : `× ${oursIs.toFixed(2)}`,
    startMillis.toFixed(0),
    (peakMemoryBytes / 2 ** 20).toFixed(0),
    version,
  ])
  return table([head, ...rows])
}

function compare(cases: [string, Case][]): void {
  const found = Object.entries(PEERS).filter(([, { modules }]) => canImport(modules))
  for (const [library, { modules }] of Object.entries(PEERS))
    if (!found.some(([name]) => name === library))
      console.error(`${python} cannot import ${modules} (set PYTHON to one that can), so it is left out.`)
  const results: Record<string, Side[]> = {}
  for (const [name, one] of cases) {
    console.error(`${name}:`)
    const sides: Record<string, () => InferReport> = { ours: () => ours(one) }
    for (const [library, { networks }] of found)
      if (networks.includes(one.network)) sides[library] = () => peer(library, one)
    const reports = inRounds(sides, options.rounds, ({ millis }) => `${median(millis).toFixed(1)} ms`)
    assertAgreement(reports)
    results[name] = summary(reports)
  }
  if (options.json) {
    console.log(JSON.stringify({ machine, options, results }))
    return
  }
  console.log(`${machine}; ${options.rounds} × ${options.runs} runs`)
  for (const [name, sides] of Object.entries(results))
    console.log(`\n${CASES[name].network}, batch ${CASES[name].batch}\n${tableOf(sides)}`)
}

if (options.profile && options.case === 'all')
  program.error(`error: Say what to profile: --case ${Object.keys(CASES).join(' or ')}.`)
warnIfBusy()
const cases = Object.entries(CASES).filter(([name]) => options.case === 'all' || options.case === name)
for (const network of new Set(cases.map(([, { network }]) => network))) {
  const images = Math.max(...Object.values(CASES).map(({ batch }) => batch))
  measured(process.execPath, [ourScript, 'prepare', folder, network, `${images}`])
}
if (options.profile) printProfile((prefix) => ({ stepMillis: ours(cases[0][1], prefix).millis }), options)
else compare(cases)
