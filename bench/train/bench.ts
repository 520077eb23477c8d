/**
 * Training speed against PyTorch: the same NASNet-A child (N = 2, F = 32, batch 32, CIFAR shapes), all cores,
 * in alternating rounds, since a machine's speed drifts. Each measurement is a process of its own.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Command, InvalidArgumentError } from 'commander'
import { timeByNodeType } from './profile.js'
import { median, type TrainReport, table } from './report.js'

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

const wholeNumber = (text: string) => {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError('It must be a whole number from 1.')
  return value
}

const options = new Command('npm run bench train --')
  .description(
    'Training speed and memory against PyTorch eager, which $PYTHON or python3 must be able to import.',
  )
  .option('--rounds <n>', 'rounds, each measuring every side once', wholeNumber, 3)
  .option('--steps <n>', 'steps measured in a round', wholeNumber, 15)
  .option('--warmup <n>', 'steps before those', wholeNumber, 3)
  .option('--cells <n>', 'normal cells in each stage (N)', wholeNumber, 2)
  .option('--filters <n>', 'filters of the first stage (F)', wholeNumber, 32)
  .option('--batch <n>', 'images in a step', wholeNumber, 32)
  .option(
    '--profile',
    "print where ours spends its time, by ONNX Runtime's profiler, and nothing else",
    false,
  )
  .option('--shapes', "with --profile: apart by the shapes of a node's inputs too", false)
  .option('--json', 'print JSON alone', false)
  .parse()
  .opts<Options>()

/** Runs a program that prints one line of JSON. Throws with what it wrote to standard error. */
function measured(program: string, args: string[]): TrainReport {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8' })
  if (error) throw error
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} failed:\n${stderr}`)
  return JSON.parse(stdout)
}

function ours(profilePrefix?: string): TrainReport {
  const { cells, filters, batch, warmup, steps } = options
  const script = fileURLToPath(new URL('./ours.js', import.meta.url))
  const shape = [cells, filters, batch, warmup, steps].map(String)
  return measured(process.execPath, [script, ...shape, ...(profilePrefix ? [profilePrefix] : [])])
}

const python = process.env.PYTHON ?? 'python3'
// Python is not compiled: the script lies in the source tree, three folders above the build's.
const peer = fileURLToPath(new URL('../../../bench/train/torch_peer.py', import.meta.url))

function torch(layout: 'nchw' | 'channels_last'): TrainReport {
  const { cells, filters, batch, warmup, steps } = options
  const numbers = Object.entries({ cells, filters, batch, warmup, steps })
  return measured(python, [
    peer,
    '--layout',
    layout,
    ...numbers.flatMap(([name, n]) => [`--${name}`, `${n}`]),
  ])
}

function profile(): void {
  const folder = mkdtempSync(join(tmpdir(), 'nasnet-profile-'))
  try {
    const report = ours(join(folder, 'profile'))
    const [file] = readdirSync(folder)
    if (file === undefined) throw new Error('ONNX Runtime wrote no profile')
    const types = timeByNodeType(join(folder, file), options)
    const stepMillis = median(report.stepMillis)
    if (options.json) {
      console.log(JSON.stringify({ stepMillis, types }))
      return
    }
    const rows = types
      .slice(0, 25)
      .map(({ type, nodes, millisPerStep, share }) => [
        type,
        nodes.toFixed(0),
        millisPerStep.toFixed(1),
        `${(share * 100).toFixed(1)} %`,
      ])
    const inNodes = types.reduce((sum, { millisPerStep }) => sum + millisPerStep, 0)
    console.log(table([['node type', 'nodes', 'ms a step', 'share'], ...rows]))
    console.log(
      `\nAll nodes: ${inNodes.toFixed(0)} ms of a step of ${stepMillis.toFixed(0)} ms (profiler running).`,
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function compare(): void {
  const sides: Record<string, () => TrainReport> = { ours: () => ours() }
  const found = spawnSync(python, ['-c', 'import torch'], { encoding: 'utf8' })
  if (found.status === 0) {
    sides['PyTorch NCHW'] = () => torch('nchw')
    sides['PyTorch channels-last'] = () => torch('channels_last')
  } else {
    console.error(`${python} cannot import torch (set PYTHON to one that can), so only ours is measured.`)
  }

  const reports: Record<string, TrainReport[]> = {}
  for (let round = 1; round <= options.rounds; round++)
    for (const [name, measure] of Object.entries(sides)) {
      const report = measure()
      console.error(`round ${round}: ${name} ${report.imagesPerSecond.toFixed(1)} images/s`)
      reports[name] ??= []
      reports[name].push(report)
    }

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
  const machine = `${cpus()[0].model}, ${availableParallelism()} cores`
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

if (loadavg()[0] > 1) console.error('Other programs keep this machine busy: the figures will be off.')
if (options.profile) profile()
else compare()
