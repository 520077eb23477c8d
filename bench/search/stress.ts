/**
 * A search of children that cost nothing, over Redis, while workers and Redis itself are killed (-9) and started
 * again: what comes back, how fast, and in how much memory.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { openRedisQueue } from '../../src/search/redis/queue.js'
import { fakeChild, fakeQuality, quickTiming } from '../../test/helpers/search/fake-evaluator.js'
import { type RedisServer, startRedis } from '../../test/helpers/search/redis-server.js'
import type { WorkerProcessOptions } from '../../test/helpers/search/redis-worker-process.js'

export interface StressOptions {
  children: number
  /** Each a process of its own. */
  workers: number
  /** A worker is killed, and another started, after so many results; 0: never. */
  workerKillEvery: number
  /** Redis is killed and started again after so many results; 0: never. */
  redisKillEvery: number
  /** Whether Redis keeps its data when it is killed, or begins empty. */
  persistent: boolean
  /** A file for the ids of begun children, to count those that were evaluated again. */
  log: string
}

/** Memory in MB after so many results. */
export interface Sample {
  results: number
  seconds: number
  coordinator: number
  heap: number
  redis: number
  keys: number
}

export interface StressReport {
  seconds: number
  childrenPerSecond: number
  workerKills: number
  redisKills: number
  /** Children that never came back. */
  lost: number
  /** Results beyond the first of a child. */
  doubled: number
  /** Results that are not what the child's decisions make. */
  wrong: number
  /** Evaluations beyond one for each child: work that kills cost. */
  repeated: number
  samples: Sample[]
}

const script = fileURLToPath(new URL('../../test/helpers/search/redis-worker-process.js', import.meta.url))
/** Milliseconds without any result after which missing children count as lost. */
const TIMEOUT = 60_000
const SAMPLES = 20

export async function stress(options: StressOptions): Promise<StressReport> {
  const { children, workers: count, workerKillEvery, redisKillEvery, persistent, log } = options
  const server = await startRedis({ persistent })
  const workers: ChildProcess[] = []
  let over = false
  /** Replaced when it ends: killed, or started while Redis is away, which it refuses to be. */
  const startWorker = (): void => {
    const settings: WorkerProcessOptions = { url: server.url, millis: 0, log }
    const worker = spawn(process.execPath, [script, JSON.stringify(settings)], { stdio: 'ignore' })
    workers.push(worker)
    worker.on('exit', () => {
      workers.splice(workers.indexOf(worker), 1)
      if (!over) startWorker()
    })
  }
  for (let n = 0; n < count; n++) startWorker()
  const queue = await openRedisQueue({
    url: server.url,
    name: 'stress',
    search: 'stress',
    evaluator: { kind: 'fake' },
    timing: quickTiming,
  })
  const came = new Uint32Array(children)
  const kills = { worker: 0, redis: 0 }
  const samples: Sample[] = []
  let [wrong, results, asked] = [0, 0, 0]
  let restart = Promise.resolve()

  function mishaps(): void {
    if (workerKillEvery > 0 && results % workerKillEvery === 0) {
      workers[0].kill('SIGKILL')
      kills.worker++
    }
    if (redisKillEvery > 0 && results % redisKillEvery === 0) {
      kills.redis++
      restart = restart.then(() => restartRedis(server))
    }
  }

  const start = performance.now()
  const seconds = (): number => (performance.now() - start) / 1000
  try {
    let inFlight = 0
    while (results < children) {
      while (asked < children && inFlight < queue.capacity()) {
        await queue.submit(fakeChild(asked++))
        inFlight++
      }
      const giveUp = AbortSignal.timeout(TIMEOUT)
      const result = await queue.next(giveUp)
      if (result === null) {
        if (giveUp.aborted) break
        continue
      }
      inFlight--
      if (came[result.id]++ > 0) continue
      results++
      const right = fakeQuality(fakeChild(result.id).decisions)
      if (result.kind !== 'measured' || result.measured.quality !== right) wrong++
      if (results < children) mishaps()
      if (results % Math.ceil(children / SAMPLES) === 0)
        samples.push({ results, seconds: seconds(), ...(await memoryOf(server)) })
    }
    const total = seconds()
    // Whatever is answered twice would be so soon.
    for (const end = AbortSignal.timeout(2000); !end.aborted; ) {
      const more = await queue.next(end)
      if (more !== null) came[more.id]++
    }
    const begun = (await readFile(log, 'utf8')).split('\n').length - 1
    return {
      seconds: total,
      childrenPerSecond: results / total,
      workerKills: kills.worker,
      redisKills: kills.redis,
      lost: came.filter((times) => times === 0).length,
      doubled: came.reduce((sum, times) => sum + Math.max(0, times - 1), 0),
      wrong,
      repeated: begun - results,
      samples,
    }
  } finally {
    over = true
    await restart
    await queue.close()
    for (const worker of workers) worker.kill('SIGKILL')
    await server.end()
  }
}

async function restartRedis(server: RedisServer): Promise<void> {
  await server.kill()
  await sleep(200)
  await server.start()
}

/** Waits for Redis if it is away. */
async function memoryOf({ client }: RedisServer): Promise<Omit<Sample, 'results' | 'seconds'>> {
  const [info, keys] = await Promise.all([client.info('memory'), client.dbsize()])
  const used = Number(/used_memory:(\d+)/.exec(info)?.[1])
  const { rss, heapUsed } = process.memoryUsage()
  return { coordinator: rss / 1e6, heap: heapUsed / 1e6, redis: used / 1e6, keys }
}
