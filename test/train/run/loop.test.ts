import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { Diverged } from '../../../src/train/run/divergence.js'
import { metricsPath } from '../../../src/train/run/run-folder.js'
import { unsavedRun } from '../../../src/train/run/unsaved-run.js'
import { createRun, readRows, resumeRun, type TrainingRow } from '../../../src/train/tasks.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'
import { colourConfig, linearCompiler } from '../../helpers/train/linear-step.js'
import { trainAndClose } from '../../helpers/train/train-and-close.js'

/** Rows without what the clock decides. */
async function timelessRows(folder: string) {
  return (await readRows(metricsPath(folder))).map((row) => ({ ...row, seconds: 0, imagesPerSecond: 0 }))
}

test('a run learns, reports every step once and evaluates each epoch', async (t) => {
  const folder = join(await temporaryFolder(t), 'run')
  const steps: number[] = []
  const result = await trainAndClose(await createRun(folder, colourConfig()), {
    onStep({ step, metrics, figures }) {
      steps.push(step)
      assert.equal(figures, metrics)
    },
  })
  assert.equal(result.finished, true)
  assert.deepEqual(
    steps,
    Array.from({ length: 36 }, (_, i) => i + 1),
  )
  const rows = await readRows(metricsPath(folder))
  const evaluations = rows.filter((row) => row.kind === 'evaluation')
  assert.deepEqual(
    evaluations.map(({ step }) => step),
    [12, 24, 36],
  )
  assert.ok(evaluations[2].top1 > 0.7, `accuracy ${evaluations[2].top1}`)
  const training = rows.filter((row): row is TrainingRow => row.kind === 'training')
  assert.equal(
    training.reduce((sum, { steps }) => sum + steps, 0),
    36,
  )
  assert.ok(training.at(-1)!.loss < training[0].loss / 1.2)
})

for (const [name, resolution] of [
  ['one image size', []],
  [
    'a resolution schedule',
    [
      { untilEpoch: 1, size: 4 },
      { untilEpoch: 2, size: 6 },
    ],
  ],
] as const)
  test(`a run stopped after any step and resumed ends bit-identical to an unbroken one, ${name}`, async (t) => {
    const base = await temporaryFolder(t)
    const config = colourConfig({ resolution: [...resolution] })
    const unbroken = await trainAndClose(await createRun(join(base, 'unbroken'), config))
    for (const stopAfter of [1, 4, 11, 12, 13, 35, 36]) {
      const folder = join(base, `stopped-${stopAfter}`)
      const stop = new AbortController()
      const first = await trainAndClose(await createRun(folder, config), {
        signal: stop.signal,
        onStep: ({ step }) => step === stopAfter && stop.abort(),
      })
      assert.equal(first.step, stopAfter)
      assert.equal(first.finished, stopAfter === 36)
      const resumed = await trainAndClose(await resumeRun(folder))
      assert.deepEqual(resumed.state, unbroken.state)
      assert.deepEqual(
        (await timelessRows(folder)).filter((row) => row.kind === 'evaluation'),
        (await timelessRows(join(base, 'unbroken'))).filter((row) => row.kind === 'evaluation'),
      )
    }
  })

test('a run that died between checkpoints loses only the steps since, and no row is reported twice', async (t) => {
  const base = await temporaryFolder(t)
  const unbroken = await trainAndClose(await createRun(join(base, 'unbroken'), colourConfig()))
  const folder = join(base, 'died')
  const dying = linearCompiler((step, result) => {
    if (step === 14) throw new Error('the process dies here')
    return result
  })
  await assert.rejects(trainAndClose(await createRun(folder, colourConfig()), {}, dying), /dies here/)
  // What a kill in the middle of a write leaves.
  await writeFile(join(folder, 'checkpoint-16.safetensors.99.tmp'), 'half a check')
  await writeFile(metricsPath(folder), `${await readFile(metricsPath(folder), 'utf8')}{"kind":"trai`)

  const run = await resumeRun(folder)
  assert.equal(run.checkpoint?.step, 12)
  const resumed = await trainAndClose(run)
  assert.deepEqual(resumed.state, unbroken.state)
  assert.deepEqual(await timelessRows(folder), await timelessRows(join(base, 'unbroken')))
})

test('a run that died before its first checkpoint begins again', async (t) => {
  const folder = join(await temporaryFolder(t), 'run')
  const dying = linearCompiler((step, result) => {
    if (step === 2) throw new Error('the process dies here')
    return result
  })
  await assert.rejects(trainAndClose(await createRun(folder, colourConfig()), {}, dying), /dies here/)
  const run = await resumeRun(folder)
  assert.equal(run.checkpoint, null)
  assert.deepEqual(run.rows, [])
  const resumed = await trainAndClose(run)
  assert.equal(resumed.step, 36)
})

test('other seeds give other runs', async (t) => {
  const base = await temporaryFolder(t)
  const [one, two] = await Promise.all(
    [1, 2].map(async (seed) =>
      trainAndClose(await createRun(join(base, String(seed)), colourConfig({ seed }))),
    ),
  )
  assert.notDeepEqual(one.state.parameters, two.state.parameters)
})

test('a time budget ends the run, with progress at its end', async (t) => {
  const folder = join(await temporaryFolder(t), 'run')
  const config = colourConfig({ length: { kind: 'seconds', amount: 0.3 } })
  let last = 0
  const result = await trainAndClose(await createRun(folder, config), {
    onStep: ({ progress }) => {
      assert.ok(progress >= last && progress <= 1)
      last = progress
    },
  })
  assert.equal(result.finished, true)
  assert.ok(result.step > 0 && result.seconds >= 0.3)
  assert.equal(
    (await readRows(metricsPath(folder))).filter((row) => row.kind === 'evaluation').at(-1)?.step,
    result.step,
  )
})

test('a batch larger than the data set, and images smaller than the schedule asks, are refused', async (t) => {
  const base = await temporaryFolder(t)
  await assert.rejects(
    createRun(join(base, 'a'), colourConfig({ batchSize: 500 })).then((run) => trainAndClose(run)),
    /colours has 100 images, fewer than one batch of 500/,
  )
  const config = colourConfig({ resolution: [{ untilEpoch: 5, size: 16 }] })
  await assert.rejects(
    createRun(join(base, 'b'), config).then((run) => trainAndClose(run)),
    /16 pixels, but the images of cifar10 have 8/,
  )
})

test('a new run begins with what it is given, a resumed one does not', async (t) => {
  const folder = join(await temporaryFolder(t), 'run')
  const stop = new AbortController()
  const checkpoints: number[] = []
  const first = await trainAndClose(await createRun(folder, colourConfig()), {
    signal: stop.signal,
    begin(layout, state) {
      assert.deepEqual(
        layout.map(({ path }) => path),
        ['dense/weights', 'dense/bias', 'input/mean'],
      )
      stop.abort()
      return { ...state, parameters: state.parameters.fill(0.5) }
    },
    onCheckpoint: (step) => checkpoints.push(step),
  })
  assert.deepEqual([first.step, checkpoints], [0, [0]])
  assert.ok(first.state.parameters.every((number) => number === 0.5))
  const resumed = await resumeRun(folder)
  assert.deepEqual(resumed.checkpoint?.state.parameters, first.state.parameters)
  await trainAndClose(resumed, { begin: () => assert.fail('a resumed run began anew') })
})

test('a run that is not saved trains to the same bits, and its divergence says what happened alone', async (t) => {
  const saved = await trainAndClose(await createRun(join(await temporaryFolder(t), 'run'), colourConfig()))
  const rows: number[] = []
  const { finished, state } = await trainAndClose(unsavedRun(colourConfig()), {
    onEvaluation: ({ step }) => rows.push(step),
  })
  assert.equal(finished, true)
  assert.deepEqual(rows, [12, 24, 36])
  assert.deepEqual(state, saved.state)
  const failing = linearCompiler((step, result) => (step === 2 ? { ...result, loss: Number.NaN } : result))
  const config = colourConfig({ learningRate: { kind: 'constant', peak: 0.5, warmup: 0 } })
  await assert.rejects(trainAndClose(unsavedRun(config), {}, failing), (error) => {
    assert.ok(error instanceof Diverged)
    assert.equal(error.what, 'The loss became NaN at step 3, at a learning rate of 0.5')
    assert.ok(error.message.startsWith(`${error.what}. `))
    return true
  })
})
