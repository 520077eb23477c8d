/** Queues and workers on a Redis of a test's own, closed at its end. */
import { type ChildProcess, spawn } from 'node:child_process'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Evaluator } from '../../../src/search/evaluate/child.js'
import type { WorkQueue } from '../../../src/search/execution/queue.js'
import { openRedisQueue, type RedisQueueOptions } from '../../../src/search/redis/queue.js'
import { type RedisWorkerOptions, runRedisWorker } from '../../../src/search/redis/worker.js'
import { fakeResult, quickTiming } from './fake-evaluator.js'
import { type RedisServer, startRedis } from './redis-server.js'
import type { WorkerProcessOptions } from './redis-worker-process.js'

const workerScript = fileURLToPath(new URL('./redis-worker-process.js', import.meta.url))

/** Node runs what is to be done at the end of a test in order; here, what was opened last is closed first. */
const ends = new WeakMap<TestContext, (() => unknown)[]>()
export function atEnd(t: TestContext, end: () => unknown): void {
  const all = ends.get(t)
  if (all !== undefined) {
    all.unshift(end)
    return
  }
  ends.set(t, [end])
  t.after(async () => {
    for (const each of ends.get(t)!) await each()
  })
}

export async function redis(
  t: TestContext,
  options?: Parameters<typeof startRedis>[0],
): Promise<RedisServer> {
  const server = await startRedis(options)
  atEnd(t, () => server.end())
  return server
}

export function queueOptions(
  server: { url: string },
  options: Partial<RedisQueueOptions> = {},
): RedisQueueOptions {
  const settings = { name: 'test', search: 'first', evaluator: { kind: 'fake' }, timing: quickTiming }
  return { url: server.url, ...settings, ...options }
}

export async function open(
  t: TestContext,
  server: RedisServer,
  options: Partial<RedisQueueOptions> = {},
): Promise<WorkQueue> {
  const queue = await openRedisQueue(queueOptions(server, options))
  atEnd(t, () => queue.close())
  return queue
}

export const evaluatorOf = (evaluate: Evaluator['evaluate']): Evaluator => ({
  evaluate,
  close: async () => {},
})
export const instantly = evaluatorOf(async (child) => fakeResult(child))
export const never = evaluatorOf((_, signal) => sleep(3_600_000, undefined, { signal }) as Promise<never>)

/** A worker in this process; `stop` ends it and waits for that. */
export function work(t: TestContext, server: { url: string }, options: Partial<RedisWorkerOptions> = {}) {
  const controller = new AbortController()
  const ended = runRedisWorker({
    url: server.url,
    processes: 1,
    evaluatorFor: async () => instantly,
    signal: controller.signal,
    timing: quickTiming,
    ...options,
  })
  // A test that wants its error waits for it.
  ended.catch(() => {})
  const stop = (): Promise<void> => {
    controller.abort()
    return ended
  }
  atEnd(t, () => stop().catch(() => {}))
  return { ended, stop }
}

export function workerProcess(t: TestContext, options: WorkerProcessOptions): ChildProcess {
  const child = spawn(process.execPath, [workerScript, JSON.stringify(options)], { stdio: 'inherit' })
  atEnd(t, () => child.kill('SIGKILL'))
  return child
}
