/**
 * The server under load, beside ONNX Runtime without a server, and under abuse: more requests than it can answer, many
 * damaged images, and the costliest requests of many clients at once.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command, Option } from 'commander'
import { golden } from '../../test/helpers/serve/support.js'
import { count, machine, warnIfBusy } from '../measure.js'
import { table } from '../statistics.js'
import { type LoadSummary, underLoad } from './load.js'
import { MODELS, type ModelName, prepare } from './load-models.js'
import { type OverloadReport, overload } from './overload.js'
import { hasProc, startServerProcess } from './server-process.js'
import { type SoakReport, soak } from './soak.js'
import { type WorstReport, worst } from './worst.js'

const PARTS = ['load', 'overload', 'soak', 'worst'] as const

interface Options {
  part: 'all' | (typeof PARTS)[number]
  model: 'all' | ModelName
  rounds: number
  seconds: number
  requests: number
  concurrency: number
  only: string
  json: boolean
}

const options = new Command('npm run bench serve --')
  .description('The server under load and under abuse, on this machine alone.')
  .addOption(
    new Option(
      '--part <part>',
      'load beside ONNX Runtime alone, ten times the load, memory over many damaged images, or the costliest requests at once',
    )
      .choices(['all', ...PARTS])
      .default('all'),
  )
  .addOption(
    new Option('--model <name>', 'which model is put under load')
      .choices([...Object.keys(MODELS), 'all'])
      .default('all'),
  )
  .option('--rounds <n>', 'rounds of load, each measuring both sides', count, 3)
  .option('--seconds <n>', 'of each measurement of load, and of overload', count, 10)
  .option('--requests <n>', 'damaged images to send', count, 100_000)
  .option('--concurrency <n>', 'clients that send them', count, 4)
  .option('--only <word>', 'of the costliest requests, those whose name contains it', '')
  .option('--json', 'print JSON alone', false)
  .parse()
  .opts<Options>()

if (!hasProc) {
  console.error('This benchmark reads memory from /proc, which this system does not have; run it on Linux.')
  process.exit(1)
}
warnIfBusy()
const runs = (part: Options['part']) => options.part === part || options.part === 'all'
const small = [golden('quadrants.onnx'), golden('detector.onnx')]
const loads: LoadSummary[] = []
const overloads: OverloadReport[] = []
if (runs('load') || runs('overload')) await runLoads()
const soaked = runs('soak') ? await runSoak() : null
const worsts = runs('worst')
  ? await worst(small, options.only, (report) => console.error(sentence(report)))
  : null
if (options.json)
  console.log(JSON.stringify({ machine, load: loads, overload: overloads, soak: soaked, worst: worsts }))
else {
  console.log(machine)
  if (loads.length > 0) printLoads()
  if (overloads.length > 0) printOverloads()
  if (soaked !== null) printSoak(soaked)
  if (worsts !== null) printWorst(worsts)
}

async function runLoads(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-serve-'))
  try {
    for (const name of Object.keys(MODELS) as ModelName[]) {
      if (options.model !== 'all' && options.model !== name) continue
      const prepared = await prepare(folder, name)
      if (runs('load')) loads.push(await underLoad(name, prepared, options, console.error))
      if (runs('overload')) overloads.push(await overload(name, prepared, options.seconds))
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

async function runSoak(): Promise<SoakReport> {
  const server = await startServerProcess(small)
  try {
    return await soak(server, options, (done, seconds) => {
      const left = (seconds / done) * (options.requests - done)
      console.error(`${done} of ${options.requests} requests, ${Math.ceil(left / 60)} min left`)
    })
  } finally {
    await server.close()
  }
}

function sentence({ kind, grown, others }: WorstReport): string {
  return `${kind}: ${grown.server + grown.children} MB; ${others.answered} of ${others.asked} others answered`
}

function printLoads(): void {
  const rows = loads.map(({ model, sessions, threads, batch, rounds, ...medians }) => {
    const last = rounds.at(-1)!
    return [
      MODELS[model].title,
      `${sessions} × ${threads}`,
      String(batch),
      last.served.toFixed(1),
      medians.throughput.toFixed(2),
      medians.processorTime.toFixed(2),
      medians.addedMillis.toFixed(1),
      last.half.p50.toFixed(1),
      medians.tail.toFixed(1),
      last.resident.toFixed(0),
    ]
  })
  const head = ['', 'sessions', 'batch', 'images/s', 'of bare', 'by CPU time', 'added ms', 'p50 ms at half']
  console.log(`\n${table([[...head, 'p99 / p50', 'MB'], ...rows])}`)
}

function printOverloads(): void {
  const rows = overloads.map(({ model, capacity, offered, statuses, lost, ...each }) => [
    MODELS[model].title,
    capacity.toFixed(1),
    offered.toFixed(1),
    answersOf(statuses),
    String(lost),
    `${each.refused.p50.toFixed(0)}, ${each.refused.p99.toFixed(0)}`,
    `${each.accepted.p50.toFixed(0)}, ${each.accepted.p99.toFixed(0)}`,
    each.recoveryMillis.toFixed(0),
    `${each.resident.before.toFixed(0)}, ${each.resident.after.toFixed(0)}`,
  ])
  const head = ['ten times the load', 'images/s', 'offered/s', 'answers', 'lost', '503 after ms (p50, p99)']
  console.log(`\n${table([[...head, '200 after ms', 'recovered after ms', 'MB before, after'], ...rows])}`)
}

function answersOf(statuses: Record<string, number>): string {
  return Object.entries(statuses)
    .map(([status, times]) => `${times} × ${status === '0' ? 'cut' : status}`)
    .join(', ')
}

function printSoak({ requests, seconds, statuses, tenths }: SoakReport): void {
  console.log(`\n${requests} requests in ${seconds.toFixed(0)} s, answered ${JSON.stringify(statuses)}.`)
  const rows = tenths.map(({ server, all }, tenth) => [String(tenth + 1), server.toFixed(0), all.toFixed(0)])
  console.log(table([['tenth', 'server MB', 'with its decoders MB'], ...rows]))
  const ratio = (key: 'server' | 'all') => (tenths[9][key] / tenths[1][key]).toFixed(3)
  console.log(`Last tenth over the second: server ${ratio('server')}, with its decoders ${ratio('all')}.`)
}

function printWorst(reports: WorstReport[]): void {
  const rows = reports.map(({ kind, bytes, grown, statuses, longest, others }) => [
    kind,
    String(bytes),
    String(grown.server),
    String(grown.children),
    answersOf(statuses),
    longest.toFixed(1),
    `${others.answered} of ${others.asked}`,
    String(others.median),
    String(others.longest),
  ])
  const head = ['64 at once', 'bytes each', 'server +MB', 'decoders +MB', 'answers', 'longest s']
  console.log(`\n${table([[...head, 'others answered', 'median ms', 'longest ms'], ...rows])}`)
}
