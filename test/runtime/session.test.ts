import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Worker } from 'node:worker_threads'
import * as tf from '@tensorflow/tfjs'
import { compile, trace } from '../../src/engine/index.js'
import { ModelFileChanged, openSession, WorkerEnded } from '../../src/runtime/session.js'
import { temporaryFolder } from '../helpers/temporary-folder.js'

/** Every worker thread that is started from here on. */
const workers: Worker[] = []
process.on('worker', (worker) => workers.push(worker))

/** state ← state + x; answers the sum of the new state. */
function accumulator(size: number): Uint8Array {
  const traced = trace((tracer) => {
    const next = tf.add(tracer.input('state', [size]), tracer.input('x', [size]))
    return { next, total: tf.sum(next) }
  })
  return compile(traced).model
}

const vector = (...values: number[]) => ({
  type: 'float32' as const,
  shape: [values.length],
  data: Float32Array.from(values),
})

test('carried outputs are the next run’s inputs and can be read and set', async () => {
  const session = await openSession(accumulator(2), { carried: { next: 'state' } })
  await session.load({ state: vector(1, 2) })
  const first = await session.run({ x: vector(10, 20) })
  assert.deepEqual(Object.keys(first), ['total'])
  assert.deepEqual(Array.from(first.total.data), [33])
  await session.run({ x: vector(1, 1) })
  const { state } = await session.read()
  assert.deepEqual(Array.from(state.data), [12, 23])
  // What was read is a copy: the session goes on with its own.
  state.data.fill(0)
  const third = await session.run({ x: vector(0, 0) })
  assert.deepEqual(Array.from(third.total.data), [35])
  await session.close()
})

test('a session knows nothing of one that was closed before it', async () => {
  const options = { carried: { next: 'state' } }
  const closed = await openSession(accumulator(2), options)
  await closed.load({ state: vector(5, 6) })
  await closed.close()
  const session = await openSession(accumulator(2), options)
  assert.deepEqual(await session.read(), {})
  await assert.rejects(session.run({ x: vector(1, 1) }), /state/)
  await assert.rejects(closed.run({ x: vector(1, 1) }), /closed/)
  await session.load({ state: vector(1, 2) })
  assert.deepEqual(Array.from((await session.run({ x: vector(1, 1) })).total.data), [5])
  await session.close()
})

test('feeds are moved, not copied', async () => {
  const session = await openSession(accumulator(2), { carried: { next: 'state' } })
  await session.load({ state: vector(0, 0) })
  const x = vector(1, 2)
  await session.run({ x })
  assert.equal(x.data.length, 0)
  await session.close()
})

test('a file that is no model, and feeds that do not fit, are ONNX Runtime’s errors and end nothing', async () => {
  await assert.rejects(openSession(new TextEncoder().encode('no model')), /./)
  const session = await openSession(accumulator(2), { carried: { next: 'state' } })
  await session.load({ state: vector(0, 0) })
  await assert.rejects(session.run({ x: vector(1, 2, 3) }), /x/)
  await assert.rejects(session.run({ y: vector(1, 2) }), /./)
  assert.deepEqual(Array.from((await session.run({ x: vector(1, 2) })).total.data), [3])
  await session.close()
})

test('a model file is read in the thread, and only with its checksum', async (t) => {
  const path = join(await temporaryFolder(t), 'model.onnx')
  const model = accumulator(2)
  await writeFile(path, model)
  const sha256 = createHash('sha256').update(model).digest('hex')
  const session = await openSession({ path, sha256 })
  assert.deepEqual(session.signature.inputs, [
    { name: 'state', type: 'float32', shape: [2] },
    { name: 'x', type: 'float32', shape: [2] },
  ])
  assert.deepEqual(session.signature.outputs.map(({ name }) => name).sort(), ['next', 'total'])
  const { outputs, milliseconds } = await session.runTimed({ state: vector(1, 2), x: vector(3, 4) })
  assert.deepEqual(Array.from(outputs.next.data), [4, 6])
  assert.ok(milliseconds > 0)
  await session.close()
  await writeFile(path, accumulator(3))
  await assert.rejects(openSession({ path, sha256 }), ModelFileChanged)
  await assert.rejects(openSession({ path: `${path}.missing`, sha256 }), /ENOENT/)
})

test('threads are reused, an exclusive one never', async () => {
  const model = accumulator(2)
  await (await openSession(model)).close()
  const before = workers.length
  const exclusive = await openSession(model, { exclusive: true })
  assert.equal(workers.length, before + 1)
  await exclusive.close()
  assert.equal(await exclusive.ended, 'closed')
  const reused = await openSession(model)
  assert.equal(workers.length, before + 1)
  await reused.close()
  assert.equal(await reused.ended, 'closed')
})

test('a thread that dies fails its requests and the ones after, and says so', async () => {
  const session = await openSession(accumulator(2), { exclusive: true })
  const worker = workers.at(-1)!
  assert.equal(session.isIdle(), true)
  worker.postMessage = () => void worker.terminate()
  const lost = session.run({ state: vector(1, 2), x: vector(3, 4) })
  assert.equal(session.isIdle(), false)
  await assert.rejects(lost, WorkerEnded)
  assert.equal(await session.ended, 'exit code 1')
  assert.equal(session.isIdle(), false)
  await assert.rejects(session.read(), /the compute worker has ended \(exit code 1\)/)
  await session.close()
})

/** Multiplies a matrix with itself `times` times, and counts how often the event loop turns meanwhile. */
async function turnsWhileComputing(times: number): Promise<number> {
  const traced = trace((tracer) => {
    let x = tracer.input('x', [600, 600])
    for (let i = 0; i < times; i++) x = tf.matMul(x, x)
    return { total: tf.sum(x) }
  })
  const session = await openSession(compile(traced).model, { threads: 1 })
  let turns = 0
  let done = false
  const turn = (): void => {
    turns++
    if (!done) setImmediate(turn)
  }
  setImmediate(turn)
  const data = new Float32Array(360000)
  const running = session.run({ x: { type: 'float32', shape: [600, 600], data } })
  const closing = session.close()
  assert.deepEqual(Array.from((await running).total.data), [0])
  done = true
  await closing
  await assert.rejects(session.run({}), /closed/)
  return turns
}

test('the main thread goes on while a graph computes, and closing lets the run end', async () => {
  // Were it to wait for the graph, it would turn no more often for a longer one.
  let turns = 0
  for (let times = 12; times < 500 && turns < 10; times *= 2) turns = await turnsWhileComputing(times)
  assert.ok(turns >= 10, `the event loop turned ${turns} times`)
})
