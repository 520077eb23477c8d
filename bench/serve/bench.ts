/** The server under abuse: its memory over many damaged images, and the costliest requests of many clients at once. */
import { Command, Option } from 'commander'
import { golden } from '../../test/helpers/serve/support.js'
import { count, machine, warnIfBusy } from '../measure.js'
import { table } from '../statistics.js'
import { hasProc, startServerProcess } from './server-process.js'
import { type SoakReport, soak } from './soak.js'
import { type WorstReport, worst } from './worst.js'

interface Options {
  part: 'all' | 'soak' | 'worst'
  requests: number
  concurrency: number
  only: string
  json: boolean
}

const options = new Command('npm run bench serve --')
  .description('The server under abuse, on this machine alone: small models, damaged and costly images.')
  .addOption(
    new Option('--part <part>', 'memory over many requests, or the costliest requests at once')
      .choices(['all', 'soak', 'worst'])
      .default('all'),
  )
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
const models = [golden('quadrants.onnx'), golden('detector.onnx')]
const soaked = options.part === 'worst' ? null : await runSoak()
const worsts =
  options.part === 'soak'
    ? null
    : await worst(models, options.only, (report) => console.error(sentence(report)))
if (options.json) console.log(JSON.stringify({ machine, soak: soaked, worst: worsts }))
else {
  console.log(machine)
  if (soaked !== null) printSoak(soaked)
  if (worsts !== null) printWorst(worsts)
}

async function runSoak(): Promise<SoakReport> {
  const server = await startServerProcess(models)
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
    Object.entries(statuses)
      .map(([status, times]) => `${times} × ${status === '0' ? 'cut' : status}`)
      .join(', '),
    longest.toFixed(1),
    `${others.answered} of ${others.asked}`,
    String(others.median),
    String(others.longest),
  ])
  const head = ['64 at once', 'bytes each', 'server +MB', 'decoders +MB', 'answers', 'longest s']
  console.log(`\n${table([[...head, 'others answered', 'median ms', 'longest ms'], ...rows])}`)
}
