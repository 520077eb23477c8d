import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import type { ImageSource } from '../../../datasets/classification/image-source.js'
import { selectFromSource } from '../../../datasets/sources/split-source.js'
import type { RunConfig } from '../../../src/train/classification/config.js'
import { type TrainClassifierOptions, trainClassifier } from '../../../src/train/classification/train.js'
import type { TrainResult } from '../../../src/train/run/loop-types.js'
import { metricsPath, newestCheckpoint } from '../../../src/train/run/run-folder.js'
import { createRun, type Run, readRows, resumeRun, type TrainingRow } from '../../../src/train/tasks.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'
import { folderSource, writeClassFolders, writeShards } from '../../helpers/train/image-files.js'
import { colourConfig, linearCompiler } from '../../helpers/train/linear-step.js'

const COUNT = 60

function config(changes: Partial<RunConfig> = {}): RunConfig {
  const base = colourConfig({ checkpoint: { steps: null, seconds: null }, ...changes })
  return { ...base, data: { ...base.data, imageSize: 8, shuffleBuffer: 20, ...changes.data } }
}

const inception = { kind: 'inception', crop: 0, flip: true, cutout: 0, colour: 0 } as const

const modern: Partial<RunConfig> = {
  augmentation: {
    ...{ kind: 'random-resized-crop', crop: 0, flip: true, cutout: 2, colour: 0.4 },
    randaugment: { operations: 2, magnitude: 9 },
  },
  mixup: 0.4,
  cutmix: 1,
  balance: 'class-weights',
}

/** Trains a run on shards and closes it. */
async function trained(
  run: Run,
  train: ImageSource,
  { validation = null, ...options }: TrainClassifierOptions & { validation?: ImageSource | null } = {},
): Promise<TrainResult> {
  try {
    return await trainClassifier(run, { train, validation }, linearCompiler(), options)
  } finally {
    await run.close()
  }
}

for (const [name, changes] of [
  ['one batch a step', { augmentation: inception }],
  ['two batches a step', { augmentation: inception, batchSize: 4, accumulate: 2 }],
  ['decoded images kept', {}],
  ['random parts, RandAugment, mixup and weights of classes', modern],
] as const)
  test(`a run over shards stopped in the middle of an epoch ends bit-identical to an unbroken one: ${name}`, async (t) => {
    const folder = await temporaryFolder(t)
    const shards = await writeShards(join(folder, 'shards'), { count: COUNT, perShard: 9 })
    const unbroken = await trained(await createRun(join(folder, 'unbroken'), config(changes)), shards, {
      workers: 1,
    })
    assert.deepEqual([unbroken.finished, unbroken.step], [true, 21])
    for (const [stopAfter, workers] of [
      [4, 2],
      [7, 3],
      [12, 1],
    ] as const) {
      const path = join(folder, `stopped-${stopAfter}`)
      const stop = new AbortController()
      const first = await trained(await createRun(path, config(changes)), shards, {
        signal: stop.signal,
        onStep: ({ step }) => step === stopAfter && stop.abort(),
        workers,
      })
      assert.deepEqual([first.finished, first.step], [false, stopAfter])
      const resumed = await trained(await resumeRun(path), shards, { workers: 2, cacheBytes: 0 })
      assert.deepEqual(resumed.state, unbroken.state)
    }
  })

test('classes that are balanced by sampling are drawn from files again after a stop, and not from shards', async (t) => {
  const folder = await temporaryFolder(t)
  await writeClassFolders(join(folder, 'photos'), COUNT)
  // 20 images of a class; of the third one few are left.
  const whole = folderSource(join(folder, 'photos'), COUNT)
  const files = selectFromSource(
    whole,
    Uint32Array.from({ length: 43 }, (_, i) => i),
    'files',
  )
  const settings = config({ ...modern, balance: 'sampling' })
  const unbroken = await trained(await createRun(join(folder, 'unbroken'), settings), files)
  const path = join(folder, 'stopped')
  const stop = new AbortController()
  await trained(await createRun(path, settings), files, {
    signal: stop.signal,
    onStep: ({ step }) => step === 7 && stop.abort(),
  })
  const resumed = await trained(await resumeRun(path), files, { workers: 2, cacheBytes: 0 })
  assert.deepEqual(resumed.state, unbroken.state)
  const shards = await writeShards(join(folder, 'shards'), { count: COUNT, perShard: 9 })
  await assert.rejects(
    trained(await createRun(join(folder, 'refused'), settings), shards),
    /^UserError: The images of shards are read shard by shard, .* use --balance class-weights$/,
  )
})

test('training stops at an image that cannot be read, with a checkpoint, and goes on when it may be skipped', async (t) => {
  const folder = await temporaryFolder(t)
  const shards = await writeShards(join(folder, 'shards'), { count: COUNT, perShard: 9, broken: [31] })
  const path = join(folder, 'run')
  let steps = 0
  const run = await createRun(path, config())
  const failed = trained(run, shards, {
    onStep: ({ step }) => {
      steps = step
    },
  })
  await assert.rejects(failed, ({ name, message }: Error) => {
    assert.equal(name, 'UserError')
    assert.match(
      message,
      new RegExp(`shard-3.tar: 31.jpg cannot be read as an image .* step ${steps + 1} takes it`),
    )
    return true
  })
  assert.ok(steps > 0 && steps < 7, `after ${steps} steps`)
  assert.equal((await newestCheckpoint(path))?.step, steps)

  const skipping = config()
  skipping.data.skipUnreadable = true
  const seen: string[] = []
  const resumed = await trained(await resumeRun(path, skipping), shards, {
    onUnreadable: ({ title }) => seen.push(title),
  })
  assert.deepEqual([resumed.finished, resumed.step, seen], [true, 21, ['shard-3.tar: 31.jpg']])
  const unbroken = await trained(await createRun(join(folder, 'unbroken'), skipping), shards)
  assert.deepEqual(resumed.state, unbroken.state)
})

test('an image that only a step after the last one would take does no harm', async (t) => {
  const folder = await temporaryFolder(t)
  const shards = await writeShards(join(folder, 'shards'), { count: COUNT, perShard: 9, broken: [31] })
  let steps = 0
  const onStep = ({ step }: { step: number }) => {
    steps = step
  }
  await assert.rejects(trained(await createRun(join(folder, 'a'), config()), shards, { onStep }))
  const short = config({ length: { kind: 'steps', amount: steps } })
  const result = await trained(await createRun(join(folder, 'b'), short), shards)
  assert.deepEqual([result.finished, result.step], [true, steps])
})

test('rows say which share of the time steps waited for images', async (t) => {
  const folder = await temporaryFolder(t)
  const shards = await writeShards(join(folder, 'shards'), { count: COUNT, perShard: 9 })
  const reported: number[] = []
  await trained(await createRun(join(folder, 'run'), config()), shards, {
    onStep: ({ waiting }) => reported.push(waiting!),
  })
  const rows = (await readRows(metricsPath(join(folder, 'run')))).filter(
    (row): row is TrainingRow => row.kind === 'training',
  )
  // The steps of the stand-in take no time, so that nearly all of it is waiting.
  for (const waiting of [...reported, ...rows.map((row) => row.waiting!)])
    assert.ok(waiting >= 0 && waiting <= 1, `${waiting}`)
  assert.ok(rows.some((row) => row.waiting! > 0))
})

test('validation images are read too, and one that cannot be read stops the run after a checkpoint', async (t) => {
  const folder = await temporaryFolder(t)
  const train = await writeShards(join(folder, 'train'), { count: COUNT, perShard: 9 })
  const whole = await writeShards(join(folder, 'whole'), { count: 20, perShard: 9 })
  const broken = await writeShards(join(folder, 'broken'), { count: 20, perShard: 9, broken: [2, 13] })
  const seen: { images: number; top1: number }[] = []
  const onEvaluation = ({ images, top1 }: { images: number; top1: number }) => seen.push({ images, top1 })
  await trained(await createRun(join(folder, 'a'), config()), train, { validation: whole, onEvaluation })
  assert.deepEqual(
    seen.map(({ images }) => images),
    [20, 20, 20],
  )
  assert.ok(seen[2].top1 > 0.7, `accuracy ${seen[2].top1}`)

  const path = join(folder, 'b')
  await assert.rejects(
    trained(await createRun(path, config()), train, { validation: broken }),
    /^UserError: shard-0\.tar: 2\.jpg cannot be read as an image \(.+\), and is one of the validation images\. Pass --skip-unreadable/,
  )
  assert.equal((await newestCheckpoint(path))?.step, 7)
  const skipping = config()
  skipping.data.skipUnreadable = true
  seen.length = 0
  const titles = new Set<string>()
  await trained(await resumeRun(path, skipping), train, {
    ...{ validation: broken, onEvaluation },
    onUnreadable: ({ title }) => titles.add(title),
  })
  assert.deepEqual(
    seen.map(({ images }) => images),
    [18, 18, 18],
  )
  assert.deepEqual([...titles].sort(), ['shard-0.tar: 2.jpg', 'shard-1.tar: 13.jpg'])
})
