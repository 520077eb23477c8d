import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { sharedRecipe } from '../../../src/search/evaluate/recipes.js'
import {
  loadFinished,
  loadShared,
  loadSharedOf,
  type SharedWeightsFile,
  saveShared,
  trainedForOf,
} from '../../../src/search/evaluate/shared-weights-file.js'
import { paperSpace } from '../../../src/search/space/space.js'
import { UserError } from '../../../src/shared/errors.js'
import { writeSafetensors } from '../../../src/shared/safetensors.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'

const space = { ...paperSpace, blocks: 2 }
const weights = new Map([
  ['head/kernel@2', Float32Array.of(1, -2.5, 3)],
  ['stem/kernel [3,3]', Float32Array.of(0.1)],
])

const rejectedBy = (load: Promise<unknown>, path: string, message: RegExp | string) =>
  assert.rejects(load, (error: Error) => {
    assert.ok(error instanceof UserError)
    assert.ok(error.message.includes(path), error.message)
    if (typeof message === 'string') assert.ok(error.message.includes(message), error.message)
    else assert.match(error.message, message)
    return true
  })

test('weights are read back with what they were trained for; files that are not theirs are refused by name', async (t) => {
  const folder = await temporaryFolder(t)
  const path = join(folder, 'weights')
  const file: SharedWeightsFile = { weights, rounds: 12, trainedFor: trainedForOf(sharedRecipe(space, path)) }
  await saveShared(path, file)
  assert.deepEqual(await loadShared(path), file)

  const whole = await readFile(path)
  const refused = (message: RegExp) => rejectedBy(loadShared(path), path, message)
  await writeFile(path, whole.subarray(0, whole.length - 4))
  await refused(/damaged: it is cut short/)
  const flipped = Buffer.from(whole)
  flipped[flipped.length - 3] ^= 1
  await writeFile(path, flipped)
  await refused(/damaged: .*checksum/)
  const tensors = new Map([['head/kernel', { shape: [1], data: Float32Array.of(1) }]])
  await writeSafetensors(path, tensors)
  await refused(/no file of shared weights/)
  await writeSafetensors(path, tensors, { metadata: { rounds: '3' } })
  await refused(/does not say what its weights were trained for, as files of earlier versions/)
  await writeSafetensors(path, tensors, { metadata: { rounds: '3', trained_for: '{' } })
  await refused(/damaged: its "trained_for" is not JSON/)
  await rejectedBy(loadShared(join(folder, 'none')), 'none', /^There are no shared weights at/)
})

test('weights that were trained for something else are refused, with what differs', async (t) => {
  const path = join(await temporaryFolder(t), 'weights')
  const settings = sharedRecipe(space, path)
  await saveShared(path, { weights, rounds: 150, trainedFor: trainedForOf(settings) })
  assert.deepEqual(await loadFinished(settings), weights)
  // What a child does with them is free.
  await loadFinished({
    ...settings,
    latency: true,
    validationImages: 7,
    run: { ...settings.run, weightDecay: 0 },
  })

  const { run } = settings
  for (const [other, difference] of [
    [{ space: { ...space, blocks: 3 } }, '"space.blocks" is 2 there and 3 here'],
    [{ space: { ...space, combinations: ['add'] } }, '"space.combinations" is ["add","concat"] there'],
    [{ imageSize: null }, '"imageSize" is 16 there and null here'],
    [{ run: { ...run, model: { ...run.model, filters: 8 } } }, '"model.filters" is 16 there and 8 here'],
    [{ run: { ...run, auxiliaryWeight: 0.4 } }, '"auxiliaryHead" is false there and true here'],
    [
      { run: { ...run, data: { ...run.data, name: 'embedded' } } },
      '"data" is "cifar10" there and "embedded"',
    ],
    [{ run: { ...run, seed: 2 } }, '"seed" is 1 there and 2 here'],
    [{ warmUp: { ...settings.warmUp, rounds: 9 } }, '"warmUp.rounds" is 120 there and 9 here'],
  ] as [Partial<typeof settings>, string][])
    await rejectedBy(loadSharedOf({ ...settings, ...other }), path, difference)
})

test('unfinished weights can be gone on with, and not be searched with', async (t) => {
  const path = join(await temporaryFolder(t), 'weights')
  const settings = sharedRecipe(space, path)
  await saveShared(path, { weights, rounds: 119, trainedFor: trainedForOf(settings) })
  assert.equal((await loadSharedOf(settings)).rounds, 119)
  await rejectedBy(loadFinished(settings), path, /trained for 119 of 120 rounds; go on with the search that/)
})
