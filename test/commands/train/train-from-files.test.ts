/** `train-backbone` on images that are read while it trains. */
import assert from 'node:assert/strict'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { readSafetensors } from '../../../src/shared/safetensors.js'
import { readConfig } from '../../../src/train/tasks.js'
import { fails, succeeds, toolkit } from '../../helpers/commands/toolkit.js'
import { writeTar } from '../../helpers/datasets/tar-writer.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'
import { CLASSES, photograph, writeClassFolders } from '../../helpers/train/image-files.js'

const small = [
  ...['--image-size', '16', '--stem', 'cifar', '--cells', '1', '--filters', '4', '--stem-filters', '4'],
  ...[
    '--batch-size',
    '4',
    '--accumulate',
    '2',
    '--auxiliary',
    '0',
    '--drop-path-keep',
    '1',
    '--average',
    '0.8',
  ],
  ...['--augmentation', 'inception'],
]

/** Shards train-000.tar … with `perShard` images each, in WebDataset's form. */
async function writeWebDataset(folder: string, count: number, perShard: number): Promise<void> {
  await mkdir(folder, { recursive: true })
  for (let shard = 0; shard * perShard < count; shard++) {
    const indices = Array.from({ length: perShard }, (_, i) => shard * perShard + i).filter((i) => i < count)
    const entries = await Promise.all(
      indices.map(async (i) => [
        { name: `${i}.jpg`, content: await photograph(i) },
        { name: `${i}.cls`, content: String(i % 3) },
      ]),
    )
    await writeFile(join(folder, `train-00${shard}.tar`), writeTar(entries.flat()))
  }
}

const weights = async (run: string, step: number) =>
  (await readSafetensors(join(run, `checkpoint-${step}.safetensors`))).tensors

test('a run over shards is stopped by Ctrl-C in the middle of an epoch and resumed with more threads', async (t) => {
  const cwd = await temporaryFolder(t)
  await writeWebDataset(join(cwd, 'shards'), 60, 16)
  const env = { XDG_CACHE_HOME: join(cwd, 'cache') }
  const common = [
    'train-backbone',
    '--data',
    'shards',
    ...small,
    '--validation',
    '6',
    '--shuffle-buffer',
    '20',
  ]
  const whole = await toolkit([...common, '--epochs', '4', '--out', 'whole', '--json'], { cwd, env })
  succeeds(whole)
  const { steps, validation } = JSON.parse(whole.stdout)
  assert.deepEqual([steps, validation.images], [24, 6])

  const stopped = await toolkit([...common, '--epochs', '4', '--out', 'run', '--json'], {
    ...{ cwd, env },
    pause: { afterOutput: 'step \\d+/24' },
    onPause: (child) => child.kill('SIGINT'),
  })
  assert.equal(stopped.code, 130, stopped.stderr)
  const atStop = JSON.parse(stopped.stdout).steps
  assert.ok(atStop > 0 && atStop < 24)
  const resumed = await toolkit(['train-backbone', '--resume', 'run', '--workers', '3', '--json'], {
    cwd,
    env,
  })
  succeeds(resumed)
  assert.deepEqual(await weights(join(cwd, 'run'), 24), await weights(join(cwd, 'whole'), 24))
  assert.match(await readFile(join(cwd, 'run', 'metrics.jsonl'), 'utf8'), /"waiting":[\d.e-]+[,}]/)
  const { data } = await readConfig(join(cwd, 'run'))
  assert.deepEqual([data.imageSize, data.shuffleBuffer, data.preprocessing], [16, 20, 'slim'])
  // Changed shards are other data.
  await rm(join(cwd, 'shards', 'train-000.tar'))
  fails(
    await toolkit(['train-backbone', '--resume', 'run', '--epochs', '9'], { cwd, env }),
    /is not the same data/,
  )
})

test('images of class folders that cannot be read stop training, or are skipped and counted', async (t) => {
  const cwd = await temporaryFolder(t)
  await writeClassFolders(join(cwd, 'photos'), 33)
  await writeFile(join(cwd, 'photos', 'train', CLASSES[1], '001.jpg'), 'no image')
  const common = ['train-backbone', '--data', 'photos', ...small, '--validation', '0', '--epochs', '2']
  const failed = await toolkit([...common, '--out', 'run'], { cwd })
  fails(
    failed,
    /photos\/train\/green\/001\.jpg cannot be read as an image \(.+\), and step \d takes it\. Pass --skip-unreadable/,
  )
  assert.match(
    failed.stderr,
    /^(Nothing is left in run: .*|Continue with: .*--resume run --skip-unreadable)$/m,
  )
  const skipped = await toolkit([...common, '--out', 'run', '--skip-unreadable', '--cache', '0'], { cwd })
  // The run that failed has a checkpoint, unless the image is of its first step.
  const finished =
    skipped.code === 0
      ? skipped
      : await toolkit(['train-backbone', '--resume', 'run', '--skip-unreadable'], { cwd })
  succeeds(finished)
  assert.match(finished.stderr, /Skipped: .*001\.jpg cannot be read/)
  assert.match(
    finished.stderr,
    /Skipped, because they cannot be read: 1 image: .*photos\/train\/green\/001\.jpg \(.+\)\n/,
  )
})

test('ImageNet by its name takes the published recipe', async (t) => {
  const cwd = await temporaryFolder(t)
  await writeClassFolders(join(cwd, 'data', 'imagenet'), 33)
  const failed = await toolkit(
    ['train-backbone', '--data', 'imagenet', '--data-dir', 'data', '--out', 'run'],
    { cwd },
  )
  fails(
    failed,
    /imagenet train has 33 images, fewer than the 1600 of one step; lower the batch size or how many batches/,
  )
  const missing = await toolkit(
    ['train-backbone', '--data', 'imagenet', '--data-dir', 'none', '--out', 'run'],
    { cwd },
  )
  fails(missing, /ImageNet is not in "none\/imagenet"/)
})
