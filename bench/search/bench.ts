/** The queue on Redis under stress: thousands of children that cost nothing, workers and Redis killed all the time. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { withoutRedis } from '../../test/helpers/search/redis-server.js'
import { table } from '../statistics.js'
import { type StressReport, stress } from './stress.js'

interface Options {
  children: number
  workers: number
  workerKills: number
  redisKills: number
  forgetful: boolean
  json: boolean
}

const wholeNumber = (text: string): number => {
  if (/^\d+$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It must be a whole number.')
}

const options = new Command('npm run bench search --')
  .description('The queue of a search on Redis, which is started here: redis-server must be on the PATH.')
  .option('--children <n>', 'children of the search', wholeNumber, 10_000)
  .option('--workers <n>', 'worker processes', wholeNumber, 8)
  .option('--worker-kills <n>', 'how often a worker is killed and another started', wholeNumber, 40)
  .option('--redis-kills <n>', 'how often Redis is killed and started again', wholeNumber, 10)
  .option('--forgetful', 'Redis keeps nothing on its disk', false)
  .option('--json', 'print JSON alone', false)
  .parse()
  .opts<Options>()

if (withoutRedis) {
  console.error(withoutRedis)
  process.exit(1)
}

const every = (kills: number): number => (kills === 0 ? 0 : Math.ceil(options.children / (kills + 1)))
const folder = mkdtempSync(join(tmpdir(), 'toolkit-bench-'))
try {
  const report = await stress({
    children: options.children,
    workers: options.workers,
    workerKillEvery: every(options.workerKills),
    redisKillEvery: every(options.redisKills),
    persistent: !options.forgetful,
    log: join(folder, 'log'),
  })
  if (options.json) console.log(JSON.stringify(report))
  else print(report)
  if (report.lost + report.doubled + report.wrong > 0) process.exitCode = 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}

function print({ samples, ...report }: StressReport): void {
  const rows = samples.map(({ results, seconds, coordinator, heap, redis, keys }) => [
    String(results),
    seconds.toFixed(1),
    coordinator.toFixed(0),
    heap.toFixed(0),
    redis.toFixed(2),
    String(keys),
  ])
  console.log(table([['results', 'seconds', 'search MB', 'its heap MB', 'Redis MB', 'keys'], ...rows]))
  const { seconds, childrenPerSecond, workerKills, redisKills, lost, doubled, wrong, repeated } = report
  console.log(
    `\n${options.children} children in ${seconds.toFixed(1)} s, ${childrenPerSecond.toFixed(0)}/s, by ${options.workers} worker processes.`,
  )
  console.log(
    `Killed: ${workerKills} workers, Redis ${redisKills} times. Evaluated again for that: ${repeated}.`,
  )
  console.log(`Lost ${lost}, doubled ${doubled}, wrong ${wrong}.`)
}
