/** The checkpoints in the folder of a run. */
import assert from 'node:assert/strict'
import { readFile, rename, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { newestCheckpoint } from '../../../src/train/run/run-folder.js'
import { resumeRun } from '../../../src/train/tasks.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'
import { runWith } from '../../helpers/train/small-run.js'

test('tensors in a checkpoint are named by parameter path', async (t) => {
  const folder = join(await temporaryFolder(t), 'run')
  await runWith(folder, [7])
  const bytes = await readFile(join(folder, 'checkpoint-7.safetensors'))
  const header = JSON.parse(bytes.toString('utf8', 8, 8 + Number(bytes.readBigUInt64LE())))
  assert.equal(header.__metadata__.step, '7')
  assert.deepEqual(Object.keys(header).slice(1), [
    'stem/weights',
    'dense/bias',
    'stem/mean',
    'optimizer/momentum/stem/weights',
    'optimizer/momentum/dense/bias',
    'average/stem/mean',
    'state/steps',
  ])
  assert.deepEqual(header['stem/weights'].shape, [2, 3])
})

test('a checkpoint with another step in its header, or under another name, is not gone on from', async (t) => {
  const folder = join(await temporaryFolder(t), 'run')
  await runWith(folder, [5, 10])
  const path = join(folder, 'checkpoint-10.safetensors')
  const whole = await readFile(path)
  const changed = Buffer.from(whole)
  changed.write('12', changed.indexOf('"step":"10"') + '"step":"'.length)
  await writeFile(path, changed)
  const advice = /Checkpoint-5\.safetensors is intact; delete checkpoint-10\.safetensors/
  await assert.rejects(resumeRun(folder), advice)
  await writeFile(path, whole)
  await rename(join(folder, 'checkpoint-5.safetensors'), join(folder, 'checkpoint-15.safetensors'))
  await assert.rejects(
    resumeRun(folder),
    /checkpoint-15\.safetensors is damaged or was renamed: its metadata says step 5/,
  )
})

test('a damaged newest checkpoint is named, with the older good one and how to go on', async (t) => {
  const folder = join(await temporaryFolder(t), 'run')
  await runWith(folder, [5, 10])
  await truncate(join(folder, 'checkpoint-10.safetensors'), 900)
  const expected =
    /checkpoint-10\.safetensors is damaged: it is cut short.*\. Checkpoint-5\.safetensors is intact; delete checkpoint-10\.safetensors to continue from step 5/i
  await assert.rejects(resumeRun(folder), expected)
  await writeFile(join(folder, 'checkpoint-5.safetensors'), '')
  await assert.rejects(newestCheckpoint(folder), /no older checkpoint is intact; delete it to start again/i)
})
