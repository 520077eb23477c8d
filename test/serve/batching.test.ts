/** Batches: which images are computed in one run, and that each gets the answer that it would have alone. */
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { BatchPlanner } from '../../serve/batches.js'
import type { InferenceOptions } from '../../serve/inference.js'
import type { Outputs, Task } from '../../serve/outputs.js'
import { shareCores } from '../../serve/workers.js'
import { classifierCard } from '../../src/train/classification/card.js'
import type { RunConfig } from '../../src/train/classification/config.js'
import { exportModel } from '../../src/train/classification/export.js'
import { networkOf } from '../../src/train/classification/network.js'
import { presets } from '../../src/train/classification/presets.js'
import { classifierSpecs } from '../../src/train/classification/step.js'
import { initialVectors, layoutOf } from '../../src/train/step/flat-state.js'
import { until } from '../helpers/search/processes.js'
import { holdWork, workers } from '../helpers/serve/held-worker.js'
import { type StartedModel, startModel } from '../helpers/serve/model.js'
import { VIEW } from '../helpers/serve/scenes.js'
import { golden } from '../helpers/serve/support.js'
import { temporaryFolder } from '../helpers/temporary-folder.js'

/** An image for brightness.onnx, whose answer is [b / 250, 1 − b / 250]. */
const bright = (b: number) => new Uint8Array(8 * 8 * 3).fill(b)
const assertBright = ({ probabilities }: Outputs['classification'], b: number) =>
  assert.deepEqual([...probabilities], [Math.fround(b / 250), Math.fround(1 - b / 250)])

async function started<T extends Task = 'classification'>(
  t: TestContext,
  path: string,
  options?: Partial<InferenceOptions<T>>,
): Promise<StartedModel<T>> {
  const model = await startModel<T>(path, options)
  t.after(() => model.inference.close())
  return model
}

/** Computes `first` alone and meanwhile queues `others`, which therefore share the next run or runs. */
async function queued<T extends Task>(model: StartedModel<T>, first: Uint8Array, others: Uint8Array[]) {
  const work = holdWork()
  const answer = model.infer(first)
  await until('the first is computed', () => work.begun === 1)
  const rest = others.map((pixels) => model.infer(pixels))
  work.letGo()
  return { first: await answer, others: await Promise.allSettled(rest) }
}

const answerOf = <V>(result: PromiseSettledResult<V>): V =>
  result.status === 'fulfilled' ? result.value : assert.fail(String(result.reason))

describe('a batch', () => {
  it('is formed of what queued while the worker computed, and each image gets its own answer', async (t) => {
    const model = await started(t, golden('brightness.onnx'))
    const levels = [3, 249, 77, 0, 120]
    const { first, others } = await queued(model, bright(50), levels.map(bright))
    assertBright(first, 50)
    for (const [index, level] of levels.entries()) assertBright(answerOf(others[index]), level)
    assert.deepEqual(model.batches, [1, 5])
    assert.equal(Math.max(...model.waiting), 5)
    assert.equal(model.waiting.at(-1), 0)
  })

  it('has at most maxBatch images, the first ones first', async (t) => {
    const model = await started(t, golden('brightness.onnx'), { maxBatch: 2 })
    const order: number[] = []
    const work = holdWork()
    const answers = [1, 2, 3, 4, 5, 6].map((level) =>
      model.infer(bright(level)).then(() => order.push(level)),
    )
    work.letGo()
    await Promise.all(answers)
    assert.deepEqual(model.batches, [1, 2, 2, 1])
    assert.deepEqual(order, [1, 2, 3, 4, 5, 6])
  })

  it('is shared out among the workers', async (t) => {
    const model = await started(t, golden('brightness.onnx'), { workers: 2 })
    const [one, other] = workers.slice(-2).map(holdWork)
    const answers = [1, 2, 3, 4, 5, 6].map((level) => model.infer(bright(level)))
    await until('both compute', () => one.begun + other.begun === 2)
    one.letGo()
    // While the other one computes, this one takes half of what waits, again and again.
    await until('none waits', () => model.waiting.at(-1) === 0)
    await Promise.all([...answers.slice(2), Promise.any(answers.slice(0, 2))])
    assert.deepEqual(model.batches, [1, 2, 1, 1])
    other.letGo()
    await Promise.all(answers)
  })

  it('never keeps an image waiting for others, unless it is told to', async (t) => {
    const model = await started(t, golden('brightness.onnx'))
    assertBright(await model.infer(bright(9)), 9)
    const hour = 3_600_000
    const patient = await started(t, golden('brightness.onnx'), { maxBatch: 2, maxWaitMs: hour })
    const work = holdWork()
    work.letGo()
    const one = patient.infer(bright(10))
    assert.equal(patient.inference.isReady(), true)
    const two = patient.infer(bright(11))
    assertBright(await one, 10)
    assertBright(await two, 11)
    assert.deepEqual(patient.batches, [2])
    // Nobody else comes.
    const brief = await started(t, golden('brightness.onnx'), { maxBatch: 2, maxWaitMs: 1 })
    assertBright(await brief.infer(bright(12)), 12)
    assert.deepEqual(brief.batches, [1])
  })

  it('of a detector whose graph takes batches gives each image its own boxes', async (t) => {
    const model = await started<'detection'>(t, golden('averages.onnx'))
    const [height, width] = VIEW
    const scene = (colour: number[]) => new Uint8Array(height * width * 3).map((_, i) => colour[i % 3])
    const colours = [51, 102, 255].map((red, i) => [red, 20 + i, 30 - i])
    const { others } = await queued(model, scene([0, 0, 0]), colours.map(scene))
    for (const [index, [red, green, blue]] of colours.entries()) {
      const { boxes, scores, classes } = answerOf(others[index])
      assert.deepEqual([...boxes], [0, 0, green, blue])
      assert.deepEqual([...scores], [Math.fround(red / 255)])
      assert.deepEqual([...classes], [0])
    }
    assert.deepEqual(model.batches, [1, 3])
  })

  it('is not formed where the graph takes one image, or mixes them', async (t) => {
    const single = await started<'detection'>(t, golden('detector.onnx'))
    const scene = new Uint8Array(VIEW[0] * VIEW[1] * 3)
    await queued(single, scene, [scene, scene])
    assert.deepEqual(single.batches, [1, 1, 1])
    assert.deepEqual(single.warnings, [])

    const mixing = await started(t, golden('neighbours.onnx'))
    const { others } = await queued(mixing, bright(1), [bright(20), bright(200)])
    assertBright(answerOf(others[0]), 20)
    assertBright(answerOf(others[1]), 200)
    assert.deepEqual(mixing.batches, [1, 1, 1])
    assert.match(
      mixing.warnings.join(),
      /^neighbours computes one image at a time, .*"probabilities" for an image depends on the other images/,
    )
  })

  it('that fails costs only the image that is to blame', async (t) => {
    const model = await started(t, golden('brightness.onnx'))
    // The model fails on the whole run where one is above 250, and has no number for 150.
    const { others } = await queued(model, bright(0), [bright(30), bright(255), bright(150), bright(31)])
    assertBright(answerOf(others[0]), 30)
    assertBright(answerOf(others[3]), 31)
    const [, broken, nameless] = others as PromiseRejectedResult[]
    assert.equal(broken.reason.status, 500)
    assert.match(broken.reason.detail, /^The model failed on this image: .*indices/s)
    assert.match(nameless.reason.detail, /a probability that is not a finite number/)
    // Alone, each of them, after the run that failed.
    assert.deepEqual(model.batches, [1, 1, 1, 1])
    const mixed = await queued(model, bright(0), [bright(150), bright(32)])
    assert.equal(mixed.others[0].status, 'rejected')
    assertBright(answerOf(mixed.others[1]), 32)
    assert.deepEqual(model.batches.slice(-2), [1, 2])
  })

  it('gives what a NASNet gives for each image alone, but for rounding', async (t) => {
    const size = 16
    const path = join(await temporaryFolder(t), 'model.onnx')
    await writeFile(path, await smallNasnet(size))
    const model = await started(t, path)
    // Of different brightness and pattern.
    const images = Array.from({ length: 7 }, (_, image) =>
      new Uint8Array(size * size * 3).map((_, i) => ((i * (image + 1)) % 97) + 25 * (image % 5)),
    )
    const alone: Float32Array[] = []
    for (const image of images) alone.push((await model.infer(image)).probabilities)
    const { others } = await queued(model, images[0], images)
    assert.equal(model.batches.at(-1), images.length)
    for (const [index, result] of others.entries())
      for (const [label, value] of answerOf(result).probabilities.entries())
        assert.ok(Math.abs(value - alone[index][label]) < 1e-6, `image ${index}: ${value}`)
    // Were they all the same, their order could not be wrong.
    const seconds = alone.map(([, second]) => second)
    assert.ok(Math.max(...seconds) - Math.min(...seconds) > 0.01)
  })
})

/** An exported classifier of random weights. */
async function smallNasnet(size: number): Promise<Uint8Array> {
  const base = presets['paper-cifar']
  const classes = ['a', 'b', 'c']
  const config: RunConfig = {
    ...base,
    data: { ...base.data, classes, imageSize: size },
    model: { ...base.model, cells: 1, filters: 16, stemFilters: 16 },
    auxiliaryWeight: 0,
  }
  const { parameters } = classifierSpecs(networkOf(config, classes.length), 1, size)
  return exportModel(
    config,
    initialVectors(layoutOf(parameters), parameters, 1),
    classifierCard(config, 0, []),
  )
}

describe('BatchPlanner', () => {
  it('lets a run take some 50 ms, and never more than 16 images', () => {
    const planner = new BatchPlanner({})
    assert.equal(planner.size(100, 1), 16)
    planner.ran(1, 10)
    assert.equal(planner.size(100, 1), 5)
    const slow = new BatchPlanner({})
    slow.ran(2, 400)
    assert.equal(slow.size(100, 1), 1)
    const quick = new BatchPlanner({})
    quick.ran(4, 1)
    assert.equal(quick.size(100, 1), 16)
  })

  it('keeps to the number that it is given', () => {
    const planner = new BatchPlanner({ maxBatch: 32 })
    planner.ran(1, 1000)
    assert.equal(planner.size(100, 1), 32)
    assert.equal(planner.size(3, 1), 3)
    assert.equal(planner.size(3, 2), 2)
  })
})

describe('shareCores', () => {
  it('has a worker of one thread for each of a few cores, and larger ones beyond', () => {
    const shared = (cores: number) => Object.values(shareCores({}, cores))
    assert.deepEqual([1, 2, 4, 6, 8, 16, 64].map(shared), [
      [1, 1],
      [2, 1],
      [4, 1],
      [4, 1],
      [4, 2],
      [4, 4],
      [16, 4],
    ])
    assert.deepEqual(shareCores({ workers: 1 }, 8), { workers: 1, threads: 8 })
    assert.deepEqual(shareCores({ workers: 16 }, 8), { workers: 16, threads: 1 })
    assert.deepEqual(shareCores({ threads: 2 }, 2), { workers: 2, threads: 2 })
  })
})
