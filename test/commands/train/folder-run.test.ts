/** `train-backbone` on a folder of photographs, as people have it. */
import assert from 'node:assert/strict'
import { copyFile, mkdir, readdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import sharp from 'sharp'
import { readConfig } from '../../../src/train/tasks.js'
import { fails, succeeds, toolkit } from '../../helpers/commands/toolkit.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'
import { CLASSES, writeClassFolders } from '../../helpers/train/image-files.js'

const small = [
  '--image-size',
  '16',
  '--stem',
  'cifar',
  '--cells',
  '1',
  '--filters',
  '4',
  '--stem-filters',
  '4',
]

test('class folders alone are split, trained at once, evaluated on what was held out, and begun with', async (t) => {
  const cwd = await temporaryFolder(t)
  await writeClassFolders(join(cwd, 'all'), 45)
  await rename(join(cwd, 'all', 'train'), join(cwd, 'photos'))
  const train = (...args: string[]) => toolkit(['train-backbone', '--data', 'photos', ...args], { cwd })

  const first = await train(...small, '--steps', '24', '--out', 'run')
  succeeds(first)
  assert.match(first.stderr, /9 images of 45, such as photos\/blue\/.*, are held out for validation/)
  assert.match(
    first.stderr,
    /Input 16 × 16 pixels, .* parameters; 36 images to train on, 9 to measure on; 24 steps of 16 images \(12 epochs\)\nCompiling the training step …\nExpected duration: .* images\/s, without evaluations\n/,
  )
  assert.match(
    first.stdout,
    /^Trained 24 steps, the best after epoch [\d.]+: accuracy [\d.]+ % on 9 validation images \(chance level 33\.3 %\); the model is run\/model\.onnx\nNext: toolkit evaluate run, or toolkit serve run\/model\.onnx\n$/,
  )
  const config = await readConfig(join(cwd, 'run'))
  assert.deepEqual([config.data.validationFraction, config.keep, config.data.classes], [0.2, 'best', CLASSES])
  assert.equal((await readdir(join(cwd, 'run'))).filter((file) => file.startsWith('best-')).length, 1)

  const evaluated = await toolkit(['evaluate', 'run', '--flip', '--json'], { cwd })
  succeeds(evaluated)
  const { split, images, flip } = JSON.parse(evaluated.stdout)
  assert.deepEqual([split, images, flip], ['validation', 9, true])

  const tuned = await train(
    ...['--init', 'run', '--freeze', 'all', '--layer-decay', '0.5', '--val-fraction', '0.4', '--steps', '2'],
    ...['--mixup', '0.2', '--balance', 'class-weights', '--keep', 'last', '--out', 'tuned', '--json'],
  )
  succeeds(tuned)
  const result = JSON.parse(tuned.stdout)
  assert.deepEqual([result.steps, result.validation.images, result.validation.epoch], [2, 18, 2])
  assert.equal(result.chance, 1 / 3)
  const resumed = await toolkit(['train-backbone', '--resume', 'tuned', '--freeze', 'stem', '--steps', '4'], {
    cwd,
  })
  fails(resumed, /cannot change its freeze/)
})

test('few images, one class, and a very long image are trained on or told in a sentence', async (t) => {
  const cwd = await temporaryFolder(t)
  await writeClassFolders(join(cwd, 'three'), 3)
  const train = (data: string, ...args: string[]) =>
    toolkit(['train-backbone', '--data', data, ...small, '--steps', '1', ...args], { cwd })
  const long = { create: { width: 20_000, height: 50, channels: 3 as const, background: '#4080c0' } }
  await sharp(long)
    .jpeg()
    .toFile(join(cwd, 'three', 'train', 'blue', '000.jpg'))
  const three = await train('three', '--out', 'run')
  succeeds(three)
  assert.match(three.stderr, /3 images to train on, none to measure on; 1 step of 3 images/)
  assert.match(three.stderr, /4 images|3 images are too few to hold some out for validation/)

  await mkdir(join(cwd, 'one', 'cat'), { recursive: true })
  await copyFile(join(cwd, 'three', 'train', 'red', '002.jpg'), join(cwd, 'one', 'cat', '1.jpg'))
  fails(
    await train('one'),
    /^one has images of one class alone, "cat"; a classifier needs two classes or more, each a folder of its images\n$/,
  )
  await mkdir(join(cwd, 'texts'))
  await writeFile(join(cwd, 'texts', 'a.txt'), '')
  fails(
    await train('texts'),
    /"texts" is not a known data set: it needs <class>\/\*\.jpg or train\/<class>\/\*\.jpg/,
  )
  fails(await train('three', '--freeze', 'stem'), /"freeze" keeps trained weights, which --init must name/)
})

test('a preset for other data takes a share of a small folder, at the size that it is made for', async (t) => {
  const cwd = await temporaryFolder(t)
  await writeClassFolders(join(cwd, 'photos'), 45)
  const line =
    '--preset laptop-cifar10 --data photos --cells 1 --filters 4 --stem-filters 4 --steps 1 --out run'
  const { code, stderr } = await toolkit(['train-backbone', ...line.split(' ')], { cwd })
  assert.equal(code, 0, stderr)
  assert.match(stderr, /Input 32 × 32 pixels, .* 36 images to train on, 9 to measure on; 1 step of 36 images/)
})
