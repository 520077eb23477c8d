/** Training that diverges stops, and says where and how to continue. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Compiler } from '../../../src/train/classification/train.js'
import { Diverged } from '../../../src/train/run/divergence.js'
import { createRun, resumeRun } from '../../../src/train/tasks.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'
import { colourConfig, linearCompiler } from '../../helpers/train/linear-step.js'
import { trainAndClose } from '../../helpers/train/train-and-close.js'

for (const [what, broken] of [
  ['loss', { loss: Number.NaN }],
  ['gradient', { gradientNorm: Number.POSITIVE_INFINITY }],
] as const)
  test(`a ${what} that is not finite stops the run; step and last good checkpoint are named`, async (t) => {
    const folder = join(await temporaryFolder(t), 'run')
    const failing = linearCompiler((step, result) => (step === 9 ? { ...result, ...broken } : result))
    await assert.rejects(
      trainAndClose(await createRun(folder, colourConfig()), {}, failing),
      (error: Error) =>
        error.name === 'UserError' &&
        /at step 10/.test(error.message) &&
        error.message.includes('checkpoint-8.safetensors') &&
        /lower learning rate/.test(error.message),
    )
    assert.equal((await resumeRun(folder)).checkpoint?.step, 8)
  })

/** A compiler whose step `at` fails, or whose predictors do. */
function failingCompiler(place: 'step' | 'evaluation', message: string, at = 9): Compiler {
  const compiler = linearCompiler((step, result) => {
    if (place === 'step' && step === at) throw new Error(message)
    return result
  })
  return place === 'step'
    ? compiler
    : { ...compiler, buildPredictor: async () => Promise.reject(new Error(message)) }
}

const REFUSED_ROIS = "Non-zero status code: All 'rois' values must be finite."

test('an operation that refuses numbers which are not finite is divergence, in a step and in the evaluation', async (t) => {
  const base = await temporaryFolder(t)
  for (const [place, at] of [
    [
      'step',
      /not finite at step 10, at a learning rate of 0\.\d+\. The last good checkpoint is checkpoint-8/,
    ],
    [
      'evaluation',
      /not finite in the evaluation after step 12, at a learning rate of 0\.\d+\. The last .*-8/,
    ],
  ] as const) {
    const folder = join(base, place)
    const training = trainAndClose(
      await createRun(folder, colourConfig()),
      {},
      failingCompiler(place, REFUSED_ROIS),
    )
    await assert.rejects(training, (error) => error instanceof Diverged && at.test(error.message))
    await (await resumeRun(folder)).close()
  }
})

test('another error of a session is divergence where the weights are beyond all bounds, and itself otherwise', async (t) => {
  const base = await temporaryFolder(t)
  const outOfBounds = 'Non-zero status code: indices element out of data bounds'
  const trained = async (name: string, peak: number) =>
    trainAndClose(
      await createRun(
        join(base, name),
        colourConfig({
          learningRate: { kind: 'constant', peak, warmup: 0 },
          checkpoint: { steps: null, seconds: null },
        }),
      ),
      {},
      failingCompiler('step', outOfBounds, 1),
    )
  await assert.rejects(trained('sound', 0.1), { name: 'Error', message: outOfBounds })
  await assert.rejects(
    trained('beyond', 1e8),
    /out of data bounds\), since a weight is \S+ at step 2, at a learning rate of 1.*There is no checkpoint/,
  )
})

test('a loss and weights that are finite and absurd stop the run, and never become a checkpoint', async (t) => {
  const base = await temporaryFolder(t)
  const failing = linearCompiler((step, result) => (step === 9 ? { ...result, loss: 2e12 } : result))
  await assert.rejects(
    trainAndClose(await createRun(join(base, 'loss'), colourConfig()), {}, failing),
    /The loss became 2\.00e\+12 at step 10, .*checkpoint-8\.safetensors/,
  )
  const config = colourConfig({
    length: { kind: 'steps', amount: 1 },
    learningRate: { kind: 'constant', peak: 1e20, warmup: 0 },
  })
  await assert.rejects(
    trainAndClose(await createRun(join(base, 'weights'), config)),
    /At a learning rate of 100000000000000000000, a weight is \S+ after step 1\. There is no checkpoint yet/,
  )
})

test('weights that are not finite never become a checkpoint', async (t) => {
  const folder = join(await temporaryFolder(t), 'run')
  const config = colourConfig({
    learningRate: { kind: 'constant', peak: Number.MAX_VALUE, warmup: 0 },
    checkpoint: { steps: 1, seconds: null },
  })
  // The first step's loss and gradient are finite; its update is not.
  await assert.rejects(
    createRun(folder, config).then((run) => trainAndClose(run)),
    /"parameters" is no longer finite after step 1\. There is no checkpoint yet/,
  )
  const again = await resumeRun(folder)
  assert.equal(again.checkpoint, null)
  await again.close()
})
