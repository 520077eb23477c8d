import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import sharp from 'sharp'
import { paintImages } from '../helpers/commands/painted-images.js'
import { type Outcome, toolkit } from '../helpers/commands/toolkit.js'
import { temporaryFolder } from '../helpers/temporary-folder.js'

const small = [
  ...['--image-size', '16', '--validation', '4', '--cells', '1', '--filters', '4', '--stem-filters', '4'],
  ...['--batch-size', '4', '--auxiliary', '0', '--crop', '0', '--average', 'off'],
  // Nothing that depends on the length, which grows with every session.
  ...['--schedule', 'constant', '--warmup', '0', '--drop-path-keep', '1'],
]

const fails = ({ code, stderr }: Outcome, expected: RegExp): void => {
  assert.equal(code, 1, stderr)
  assert.match(stderr, expected)
}
const succeeds = ({ code, stderr }: Outcome): void => assert.equal(code, 0, stderr)

test('a run finds its images from every folder, knows them again, and takes no others', async (t) => {
  const cwd = await temporaryFolder(t)
  const elsewhere = join(cwd, 'elsewhere')
  await mkdir(elsewhere)
  await paintImages(join(cwd, 'images'), 6)
  const train = (...args: string[]) => toolkit(['train-backbone', ...args], { cwd })
  const resume = (steps: number, ...args: string[]) =>
    toolkit(['train-backbone', '--resume', '../run', '--steps', `${steps}`, ...args], { cwd: elsewhere })
  succeeds(await train('--data', 'images', ...small, '--steps', '2', '--out', 'run'))
  succeeds(await train('--data', './images/', ...small, '--steps', '4', '--out', 'unbroken'))

  // Another folder of the same name lies there.
  await paintImages(join(elsewhere, 'images'), 5)
  succeeds(await resume(3))
  const evaluated = await toolkit(['evaluate', '../run', '--json'], { cwd: elsewhere })
  assert.equal(evaluated.stderr, '')
  assert.equal(JSON.parse(evaluated.stdout).images, 20)
  const exported = await toolkit(['evaluate', '../run/model.onnx', '--json'], { cwd: elsewhere })
  assert.equal(exported.stderr, '')
  assert.equal(JSON.parse(exported.stdout).images, 20)

  fails(
    await resume(4, '--data', 'images'),
    /2 train images are missing \(10 instead of 12\)\. Restore it, name/,
  )
  await rename(join(cwd, 'images', 'train', 'red', '0.png'), join(cwd, 'kept.png'))
  fails(
    await resume(4),
    /images is not the same data as at the start: 1 train image is missing \(11 instead of 12\)/,
  )
  const changed = await toolkit(['evaluate', '../run', '--split', 'train', '--json'], { cwd: elsewhere })
  assert.match(
    changed.stderr,
    /1 train image is missing .* The metrics are of the data that is there now\.\n$/,
  )
  assert.equal(changed.code, 0)
  const untouched = await toolkit(['evaluate', '../run', '--json'], { cwd: elsewhere })
  assert.equal(untouched.stderr, '', 'the test images are as they were')
  await rename(join(cwd, 'kept.png'), join(cwd, 'images', 'train', 'red', '0.png'))

  await rename(join(cwd, 'images'), join(cwd, 'moved'))
  fails(
    await resume(4),
    /The data used so far is no longer in .*images; if it was moved, name its folder with --data/,
  )
  await symlink(join(cwd, 'moved'), join(elsewhere, 'link'))
  succeeds(await resume(4, '--data', 'link/'))
  const weights = (run: string) => readFile(join(cwd, run, 'checkpoint-4.safetensors'))
  // Seconds of training stand in the header.
  const tensors = (bytes: Buffer) => bytes.subarray(8 + Number(bytes.readBigUInt64LE()))
  assert.deepEqual(tensors(await weights('run')), tensors(await weights('unbroken')))
})

test('a run of earlier versions, which does not know its data, goes on without a check', async (t) => {
  const cwd = await temporaryFolder(t)
  await paintImages(join(cwd, 'images'), 6)
  succeeds(
    await toolkit(['train-backbone', '--data', 'images', ...small, '--steps', '2', '--out', 'run'], { cwd }),
  )
  const path = join(cwd, 'run', 'config.json')
  const config = JSON.parse(await readFile(path, 'utf8'))
  delete config.data.fingerprint
  config.data.name = 'images'
  await writeFile(path, JSON.stringify(config))
  await rm(join(cwd, 'images', 'train', 'red', '0.png'))
  const same = await toolkit(['train-backbone', '--resume', 'run', '--steps', '3'], { cwd })
  succeeds(same)
  const { fingerprint, name } = JSON.parse(await readFile(path, 'utf8')).data
  assert.deepEqual([name, fingerprint], ['images', undefined])
  await rename(join(cwd, 'images'), join(cwd, 'moved'))
  const moved = await toolkit(['train-backbone', '--resume', 'run', '--steps', '4', '--data', 'moved'], {
    cwd,
  })
  succeeds(moved)
  assert.match(moved.stderr, /whether this is the same was not checked/)
})

/** Three images of 64 × 64 with one box each, and annotations that name them as Windows does. */
async function annotatedImages(folder: string): Promise<void> {
  await mkdir(join(folder, 'photos', 'sub'), { recursive: true })
  const image = sharp({ create: { width: 64, height: 64, channels: 3, background: '#204060' } })
  for (const id of [1, 2, 3])
    await image
      .clone()
      .png()
      .toFile(join(folder, 'photos', 'sub', `${id}.png`))
  const box = (id: number) => ({
    id,
    image_id: id,
    category_id: 1,
    bbox: [8, 8, 24, 30],
    area: 720,
    iscrowd: 0,
  })
  const entry = (id: number) => ({ id, width: 64, height: 64, file_name: `D:\\photos\\sub\\${id}.PNG` })
  await writeFile(
    join(folder, 'photos.json'),
    JSON.stringify({
      images: [1, 2, 3].map(entry),
      annotations: [1, 2, 3].map(box),
      categories: [{ id: 1, name: 'thing' }],
    }),
  )
}

test('a detector finds, knows again and is given anew its images and annotations', async (t) => {
  const cwd = await temporaryFolder(t)
  const elsewhere = join(cwd, 'elsewhere')
  await mkdir(elsewhere)
  await annotatedImages(cwd)
  const photos = (place: string) => ['--data', `${place}/photos`, '--annotations', `${place}/photos.json`]
  const measured = (place: string) => [
    '--val-images',
    `${place}/photos`,
    '--val-annotations',
    `${place}/photos.json`,
  ]
  const tiny = [
    ...['--preset', 'faster-rcnn-nas-embedded', '--from-scratch', '--input-size', '64'],
    ...['--batch-size', '1', '--accumulate', '1', '--threads', '1'],
  ]
  const resume = (steps: number, ...args: string[]) =>
    toolkit(['finetune-coco', '--resume', '../run', '--steps', `${steps}`, '--threads', '1', ...args], {
      cwd: elsewhere,
    })
  const begun = await toolkit(
    ['finetune-coco', ...photos('.'), ...measured('.'), ...tiny, '--steps', '1', '--out', 'run'],
    { cwd },
  )
  succeeds(begun)
  assert.match(
    begun.stderr,
    /3 images of "\.\/photos\.json" were found in .* under another spelling: .*sub\\1\.PNG" is photos\/sub\/1\.png/,
  )
  const annotations = await readFile(join(cwd, 'photos.json'), 'utf8')
  await writeFile(join(cwd, 'photos.json'), annotations.replace('24', '25'))
  fails(
    await resume(3),
    /photos\.json is not the same data as at the start: the annotations have changed\. Restore/,
  )
  await writeFile(join(cwd, 'photos.json'), annotations)
  await mkdir(join(cwd, 'moved'))
  for (const name of await readdir(cwd))
    if (name.startsWith('photos')) await rename(join(cwd, name), join(cwd, 'moved', name))
  fails(
    await resume(2),
    /The run started with .*photos, which is no longer there; .* --data and --annotations/,
  )
  succeeds(await resume(2, ...photos('../moved'), ...measured('../moved')))
  const { data } = JSON.parse(await readFile(join(cwd, 'run', 'config.json'), 'utf8'))
  assert.deepEqual(
    [data.train.images, data.validation.annotations],
    [join(cwd, 'moved', 'photos'), join(cwd, 'moved', 'photos.json')],
  )
})

test('a search finds its images from every folder, knows them again, and is told where they were moved', async (t) => {
  const cwd = await temporaryFolder(t)
  const elsewhere = join(cwd, 'elsewhere')
  await mkdir(elsewhere)
  await paintImages(join(cwd, 'images'), 12)
  const tiny = [
    ...['--strategy', 'random', '--steps', '2', '--batch-size', '4', '--validation-images', '8'],
    ...['--train-images', '8', '--processes', '1', '--top', '0', '--blocks', '1', '--budget', '1'],
  ]
  const resume = (budget: number, ...args: string[]) =>
    toolkit(['search', '--resume', '../search', '--budget', `${budget}`, '--processes', '1', ...args], {
      cwd: elsewhere,
    })
  succeeds(
    await toolkit(['search', '--data', 'images', '--warm-up', '1', ...tiny, '--out', 'search'], { cwd }),
  )
  succeeds(await resume(2))
  await rename(join(cwd, 'images', 'train', 'red', '0.png'), join(cwd, 'kept.png'))
  fails(await resume(3), /1 train image is missing \(23 instead of 24\)/)
  await rename(join(cwd, 'kept.png'), join(cwd, 'images', 'train', 'red', '0.png'))
  await rename(join(cwd, 'images'), join(cwd, 'moved'))
  fails(await resume(3), /no longer in .*images; if it was moved, name its folder with --data/)
  succeeds(await resume(3, '--data', '../moved'))
  fails(await resume(4, '--data', 'embedded'), /is not the same data as at the start: it is another data set/)
  // The weights of a search fit another one on the same images, wherever those lie by now.
  const weights = join(cwd, 'search', 'shared-weights.safetensors')
  succeeds(
    await toolkit(['search', '--data', 'moved', '--weights', weights, ...tiny, '--out', 'next'], { cwd }),
  )
  await rm(join(cwd, 'moved', 'train', 'red', '0.png'))
  fails(
    await toolkit(['search', '--data', 'moved', '--weights', weights, ...tiny, '--out', 'last'], { cwd }),
    /weights that were trained for another search: "data"/,
  )
})
