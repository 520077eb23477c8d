import assert from 'node:assert/strict'
import { mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { paintImages } from '../../helpers/commands/painted-images.js'
import { fails, notesIn, succeeds, toolkit } from '../../helpers/commands/toolkit.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'

const small = [
  ...[
    '--preset',
    'paper-cifar',
    '--image-size',
    '16',
    '--validation',
    '4',
    '--cells',
    '1',
    '--filters',
    '4',
    '--stem-filters',
    '4',
  ],
  ...['--batch-size', '4', '--auxiliary', '0', '--crop', '0', '--average', 'off'],
  // Nothing that depends on the length, which grows with every session.
  ...['--schedule', 'constant', '--warmup', '0', '--drop-path-keep', '1'],
]

test('a run finds its images from every folder, recognises them, and refuses others', async (t) => {
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
  assert.equal(notesIn(evaluated.stderr), '')
  assert.equal(JSON.parse(evaluated.stdout).images, 20)
  const exported = await toolkit(['evaluate', '../run/model.onnx', '--json'], { cwd: elsewhere })
  assert.equal(notesIn(exported.stderr), '')
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
  assert.equal(notesIn(untouched.stderr), '', 'the test images are as they were')
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

test('a run of earlier versions, which does not record its data, continues without a check', async (t) => {
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
  assert.match(moved.stderr, /whether this is the same data was not checked/)
})
