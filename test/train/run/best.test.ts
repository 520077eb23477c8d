/** Runs that keep their best weights, and runs that end early. */
import assert from 'node:assert/strict'
import { readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { RunConfig } from '../../../src/train/classification/config.js'
import { type TrainClassifierOptions, trainClassifier } from '../../../src/train/classification/train.js'
import { inferenceState } from '../../../src/train/run/checkpoint.js'
import { keptCheckpoint, keptStep } from '../../../src/train/run/run-folder.js'
import { createRun, type Run, resumeRun } from '../../../src/train/tasks.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'
import { colourConfig, colourSet, linearCompiler } from '../../helpers/train/linear-step.js'

const STEPS_PER_EPOCH = 6
const train = colourSet(48)
const validation = colourSet(21, 1)

const config = (changes: Partial<RunConfig>): RunConfig =>
  colourConfig({
    length: { kind: 'epochs', amount: 7 },
    checkpoint: { steps: null, seconds: null },
    ...changes,
  })

/** The answers of the predictor are right for the first images of the evaluation: for so many in each evaluation. */
function scripted(hits: readonly number[]) {
  let evaluation = 0
  return {
    ...linearCompiler(),
    async buildPredictor() {
      const right = hits[evaluation++]
      let image = 0
      return {
        async run(_: Uint8Array, count: number) {
          const rows = Array.from({ length: count }, () => {
            const label = validation.labels[image]
            const named = image++ < right ? label : (label + 1) % 3
            return [0, 1, 2].map((own) => (own === named ? 0.8 : 0.1))
          })
          return Float32Array.from(rows.flat())
        },
        async close() {},
      }
    },
  }
}

async function trained(run: Run, hits: readonly number[], options: TrainClassifierOptions = {}) {
  try {
    return await trainClassifier(run, { train, validation }, scripted(hits), options)
  } finally {
    await run.close()
  }
}

const bestFiles = async (folder: string): Promise<string[]> =>
  (await readdir(folder)).filter((file) => file.startsWith('best-'))

test('the first of the evaluations with the highest accuracy is kept, and the last where that is wanted', async (t) => {
  const base = await temporaryFolder(t)
  const folder = join(base, 'best')
  const hits = [5, 12, 9, 12, 7, 3, 11]
  await trained(await createRun(folder, config({ keep: 'best' })), hits)
  assert.deepEqual(await bestFiles(folder), [`best-${2 * STEPS_PER_EPOCH}.safetensors`])
  assert.equal(await keptStep(folder, 'best'), 12)
  assert.equal(await keptStep(folder), 42)
  // The noise of a step follows the progress, so that the other run has the same length and is stopped.
  const stop = new AbortController()
  const { state } = await trained(await createRun(join(base, 'stopped'), config({})), hits, {
    signal: stop.signal,
    onStep: ({ step }) => step === 12 && stop.abort(),
  })
  const expected = inferenceState(state)
  assert.deepEqual((await keptCheckpoint(folder, 'best'))!.state, expected)
})

test('a run stopped anywhere and resumed keeps the same weights as an unbroken one', async (t) => {
  const base = await temporaryFolder(t)
  const hits = [5, 12, 9, 14, 7, 3, 11]
  const whole = join(base, 'whole')
  const unbroken = await trained(await createRun(whole, config({ keep: 'best' })), hits)
  const expected = await keptCheckpoint(whole, 'best')
  for (const stopAfter of [3, 8, 12, 20, 25]) {
    const folder = join(base, `${stopAfter}`)
    const stop = new AbortController()
    await trained(await createRun(folder, config({ keep: 'best' })), hits, {
      signal: stop.signal,
      onStep: ({ step }) => step === stopAfter && stop.abort(),
    })
    // An evaluation is not begun any more when the signal is aborted.
    const done = Math.floor((stopAfter - 1) / STEPS_PER_EPOCH)
    const resumed = await trained(await resumeRun(folder), hits.slice(done))
    assert.deepEqual(resumed.state, unbroken.state, `stopped after ${stopAfter}`)
    const kept = await keptCheckpoint(folder, 'best')
    assert.deepEqual([kept!.step, kept!.state], [expected!.step, expected!.state])
    assert.equal((await bestFiles(folder)).length, 1)
  }
})

test('best weights of steps that no checkpoint holds are dropped, and those before them are used', async (t) => {
  const folder = join(await temporaryFolder(t), 'run')
  const stop = new AbortController()
  await trained(await createRun(folder, config({ keep: 'best' })), [5, 12, 9], {
    signal: stop.signal,
    onStep: ({ step }) => step === 14 && stop.abort(),
  })
  // As a process leaves them that is killed between the weights and the checkpoint.
  await writeFile(join(folder, 'best-18.safetensors'), 'of a step that is lost')
  assert.equal(await keptStep(folder, 'best'), 12)
  const run = await resumeRun(folder)
  assert.deepEqual([run.best, await bestFiles(folder)], [12, ['best-12.safetensors']])
  await run.close()
  await rm(join(folder, 'best-12.safetensors'))
  assert.equal(await keptStep(folder, 'best'), 14, 'the newest checkpoint where there are none')
})

test('training ends after so many evaluations without a higher accuracy, also in a run that is resumed', async (t) => {
  const base = await temporaryFolder(t)
  const hits = [5, 12, 12, 9, 20, 21, 21]
  const settings = config({ earlyStopping: 2 })
  const ended: number[] = []
  const onEarlyStop = (evaluations: number) => ended.push(evaluations)
  const result = await trained(await createRun(join(base, 'a'), settings), hits, { onEarlyStop })
  assert.deepEqual([result.finished, result.step, ended], [true, 4 * STEPS_PER_EPOCH, [2]])
  const stop = new AbortController()
  await trained(await createRun(join(base, 'b'), settings), hits, {
    signal: stop.signal,
    onStep: ({ step }) => step === 20 && stop.abort(),
  })
  const resumed = await trained(await resumeRun(join(base, 'b')), hits.slice(3), { onEarlyStop })
  assert.deepEqual([resumed.finished, resumed.step, resumed.state], [true, 24, result.state])
  const longer = await trained(
    await resumeRun(join(base, 'b'), { ...settings, earlyStopping: null }),
    hits.slice(4),
  )
  assert.equal(longer.step, 42)
})
