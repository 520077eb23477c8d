import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import type { DetectorRunConfig } from '../../../src/train/detection/config.js'
import { type DetectorMetrics, detectorFormatter } from '../../../src/train/detection/metrics.js'
import { type TrainDetectorOptions, trainDetector } from '../../../src/train/detection/train.js'
import { keptStep, metricsPath } from '../../../src/train/run/run-folder.js'
import {
  type CheckRow,
  createRun,
  type EvaluationRow,
  type Run,
  readConfig,
  readRows,
  resumeRun,
  type TrainingRow,
} from '../../../src/train/tasks.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'
import { linearDetector, redConfig, redSet } from '../../helpers/train/detection/red-scenes.js'

const data = { train: await redSet(14), validation: await redSet(5, 1) }

async function trainAndClose(
  run: Run<DetectorRunConfig>,
  options: TrainDetectorOptions = {},
  compiler = linearDetector(),
  backbone: Parameters<typeof trainDetector>[2] = null,
) {
  try {
    return await trainDetector(run, data, backbone, compiler, options)
  } finally {
    await run.close()
  }
}

const rowsOf = (folder: string) => readRows<DetectorMetrics>(metricsPath(folder))

test('a run learns, measures by COCO’s metrics each epoch and reports the parts of its loss', async (t) => {
  const folder = join(await temporaryFolder(t), 'run')
  const compiler = linearDetector()
  const told: number[] = []
  const result = await trainAndClose(
    await createRun(folder, redConfig()),
    { onImage: (done, count) => told.push(done / count) },
    compiler,
  )
  assert.deepEqual([result.finished, result.step, compiler.open()], [true, 9, 0])
  const rows = await rowsOf(folder)
  const evaluations = rows.filter((row): row is EvaluationRow<DetectorMetrics> => row.kind === 'evaluation')
  assert.deepEqual(
    evaluations.map(({ step }) => step),
    [3, 6, 9],
  )
  assert.equal(told.length, 15)
  for (const { ap, ap50, apSmall, images } of evaluations) {
    // The stand-in for a detector finds red to the pixel of the input, which is smaller than the image.
    assert.ok(ap50 === 1 && ap > 0.7, `AP ${ap}`)
    assert.deepEqual([apSmall >= -1, images], [true, 5])
  }
  assert.deepEqual(compiler.measured.at(-1)?.parameters, result.state.averageParameters)
  const training = rows.filter((row): row is TrainingRow<DetectorMetrics> => row.kind === 'training')
  assert.deepEqual(Object.keys(training[0]), [
    ...['kind', 'step', 'epoch', 'seconds', 'steps'],
    ...['loss', 'objectness', 'anchorBoxes', 'classification', 'boxes'],
    ...['gradientNorm', 'learningRate', 'imagesPerSecond', 'imageSize'],
  ])
  assert.deepEqual(training[0].imageSize, [64, 64])
  assert.equal(training[0].objectness, training[0].loss / 4)
  assert.ok(training.at(-1)!.loss < training[0].loss / 2)
})

test('the weights with the highest AP are kept where the run wants the best', async (t) => {
  const folder = join(await temporaryFolder(t), 'run')
  const linear = linearDetector()
  let evaluations = 0
  await trainAndClose(
    await createRun(folder, redConfig({ keep: 'best' })),
    {},
    {
      ...linear,
      async buildDetector(config, state) {
        const detector = await linear.buildDetector(config, state)
        const blind = async () => ({
          boxes: new Float32Array(4),
          scores: new Float32Array(1),
          classes: new Int32Array(1),
        })
        return evaluations++ === 0 ? detector : { ...detector, run: blind }
      },
    },
  )
  assert.deepEqual([await keptStep(folder, 'best'), await keptStep(folder)], [3, 9])
})

for (const [name, changes] of [
  ['one size', {}],
  [
    'several sizes',
    {
      multiScale: [
        [64, 96],
        [96, 64],
      ] as [number, number][],
      length: { kind: 'steps', amount: 14 },
    },
  ],
  ['one batch a step', { accumulate: 1, batchSize: 4 }],
  [
    'mosaics until two thirds, balanced classes',
    {
      balance: 1,
      augmentation: {
        ...{ flip: true, scale: [0.8, 1.25] as [number, number], minVisible: 0.3, colour: 0.5 },
        mosaic: { probability: 0.7, until: 0.66 },
      },
      multiScale: [[64, 96]] as [number, number][],
      multiScaleUntil: 0.5,
    },
  ],
] as const)
  test(`a run stopped after any step and resumed ends bit-identical to an unbroken one, ${name}`, async (t) => {
    const base = await temporaryFolder(t)
    const config = redConfig({ ...changes, evaluateEvery: 0.5 })
    const unbroken = await trainAndClose(await createRun(join(base, 'unbroken'), config))
    for (const stopAfter of [1, 2, 3, 5, 8, ...(unbroken.step > 11 ? [11] : [])]) {
      const folder = join(base, `stopped-${stopAfter}`)
      const stop = new AbortController()
      const compiler = linearDetector()
      await trainAndClose(
        await createRun(folder, config),
        { signal: stop.signal, onStep: ({ step }) => step === stopAfter && stop.abort() },
        compiler,
      )
      assert.equal(compiler.open(), 0)
      const resumed = await trainAndClose(await resumeRun(folder, config))
      assert.deepEqual(resumed.state, unbroken.state)
      const measured = async (run: string) =>
        (await rowsOf(join(base, run))).filter((row) => row.kind === 'evaluation').map(({ step }) => step)
      assert.deepEqual(await measured(`stopped-${stopAfter}`), await measured('unbroken'))
    }
  })

test('quick looks at a few images change nothing of a run, and follow from none of its evaluations', async (t) => {
  const base = await temporaryFolder(t)
  const config = redConfig({ keep: 'best', length: { kind: 'steps', amount: 200 }, evaluateEvery: 20 })
  const looked: number[] = []
  const result = async (name: string, checkMinutes: number | null) => {
    const folder = join(base, name)
    const { state } = await trainAndClose(await createRun(folder, { ...config, checkMinutes }), {
      onCheck: ({ step }) => looked.push(step),
    })
    const rows = await rowsOf(folder)
    const steps = (kind: string) => rows.filter((row) => row.kind === kind).map(({ step }) => step)
    return { state, rows, evaluations: steps('evaluation'), kept: await keptStep(folder, 'best') }
  }
  // Due as soon as all looks together take less than a twentieth of the time: 5 images in some 25 steps of 4.
  const [checked, plain] = [await result('checked', 1e-9), await result('plain', null)]
  const checks = checked.rows.filter((row): row is CheckRow<DetectorMetrics> => row.kind === 'check')
  assert.ok(checks.length > 0)
  assert.deepEqual(
    checks.map(({ step }) => step),
    looked,
  )
  for (const { images, ap50 } of checks) assert.deepEqual([images, ap50], [5, 1])
  assert.deepEqual(checked.state, plain.state)
  assert.deepEqual(checked.evaluations, plain.evaluations)
  assert.equal(checked.kept, plain.kept)
})

test('what is compiled for a size waits for its next turn', async (t) => {
  const folder = join(await temporaryFolder(t), 'run')
  const compiler = linearDetector()
  const sizes = new Set<string>()
  await trainAndClose(
    await createRun(folder, redConfig({ multiScale: [[64, 96]], length: { kind: 'steps', amount: 60 } })),
    {},
    compiler,
  )
  for (const row of await rowsOf(folder)) if (row.kind === 'training') sizes.add(String(row.imageSize))
  assert.deepEqual([...sizes].sort(), ['64,64', '64,96'])
  assert.deepEqual([...compiler.built].sort(), ['64,64', '64,96'])
  assert.equal(compiler.open(), 0)
})

test('a run begins with its backbone’s weights, and keeps them as its first checkpoint', async (t) => {
  const folder = join(await temporaryFolder(t), 'run')
  const kernel = Float32Array.of(1, 2, 3, 4, 5, 6)
  const backbone = {
    source: 'weights.safetensors',
    tensors: new Map([
      ['stem/kernel', { shape: [2, 3], data: kernel }],
      ['stem/mean', { shape: [3], data: Float32Array.of(7, 8, 9) }],
      ['head/weights', { shape: [1], data: Float32Array.of(1) }],
    ]),
  }
  const config = redConfig()
  const dying = linearDetector((step, result) => {
    if (step === 1) throw new Error('the process dies here')
    return result
  })
  const taken: number[] = []
  await assert.rejects(
    trainAndClose(
      await createRun(folder, config),
      { onBackbone: (count) => taken.push(count) },
      dying,
      backbone,
    ),
    /dies here/,
  )
  assert.deepEqual(taken, [2])
  const run = await resumeRun(folder, config)
  assert.equal(run.checkpoint?.step, 0)
  assert.deepEqual([...run.checkpoint.state.parameters], [...kernel, 0, 0])
  assert.deepEqual([...run.checkpoint.state.averageParameters], [...kernel, 0, 0])
  assert.deepEqual([...run.checkpoint.state.averageStatistics], [7, 8, 9])
  // From here on the backbone is not needed.
  const resumed = await trainAndClose(run)
  const unbroken = await trainAndClose(
    await createRun(`${folder}-unbroken`, config),
    {},
    linearDetector(),
    backbone,
  )
  assert.deepEqual(resumed.state, unbroken.state)
})

test('a loss that is not finite names the last good checkpoint', async (t) => {
  const folder = join(await temporaryFolder(t), 'run')
  const failing = linearDetector((step, result) => (step === 4 ? { ...result, loss: Number.NaN } : result))
  await assert.rejects(
    trainAndClose(await createRun(folder, redConfig()), {}, failing),
    /The loss became NaN at step 5, .*checkpoint-3\.safetensors/,
  )
})

test('a run is one of its own task, and cannot change what its state depends on', async (t) => {
  const folder = join(await temporaryFolder(t), 'run')
  const config = redConfig()
  const created = await createRun(folder, config)
  await created.save({ step: 1, seconds: 1, layout: [], state: { parameters: Float32Array.of(1) } })
  await created.close()
  await assert.rejects(
    readConfig(folder),
    /run is the run of a detector \(of "toolkit finetune-coco"\); name the run of a classifier/,
  )
  const refused: [Partial<DetectorRunConfig>, RegExp][] = [
    [{ accumulate: 3 }, /cannot change its accumulate;/],
    [{ detector: { ...config.detector, batchNorm: 'frozen' } }, /cannot change its detector;/],
    [{ backbone: { ...config.backbone, cells: 2 }, averageDecay: null }, /its backbone and averageDecay;/],
    [{ data: { ...config.data, limit: 3 } as DetectorRunConfig['data'] }, /its data;/],
  ]
  for (const [change, message] of refused)
    await assert.rejects(resumeRun(folder, { ...config, ...change }), message)
  const moved = { ...config.data, train: { images: 'elsewhere', annotations: 'elsewhere.json' } }
  const run = await resumeRun(folder, {
    ...config,
    data: moved as DetectorRunConfig['data'],
    inputSize: [96, 96],
  })
  await run.close()
  assert.deepEqual(
    (await rowsOf(folder)).map((row) => row.kind === 'change' && Object.keys(row.settings)),
    [['data', 'inputSize']],
  )
})

test('metrics are told in a line', () => {
  const parts = { objectness: 0.25, anchorBoxes: 0.125, classification: 1, boxes: 0.5 }
  assert.deepEqual(detectorFormatter.training({ loss: 1.875, ...parts }), [
    'loss 1.875',
    'proposals 0.25 + 0.13',
    'regions 1.00 + 0.50',
  ])
  const metrics = { ap: 0.1234, ap50: -1, images: 3 } as EvaluationRow<DetectorMetrics>
  assert.equal(detectorFormatter.evaluation(metrics), 'AP 0.123 and AP50 – on 3 validation images')
})
