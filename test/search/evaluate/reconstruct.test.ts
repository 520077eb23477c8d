import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { createEvaluator } from '../../../src/search/evaluate/evaluator.js'
import { modelOf, reconstructEvaluator } from '../../../src/search/evaluate/reconstruct.js'
import type { ReconstructSettings } from '../../../src/search/evaluate/settings.js'
import { compareAutoencoders } from '../../../src/search/retrain/compare-autoencoders.js'
import type { SearchSpace } from '../../../src/search/space/space.js'
import { describeAutoencoder } from '../../../src/train/autoencoder/describe.js'
import { paintImages } from '../../helpers/commands/painted-images.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'
import { sizes, tinyAutoencoder } from '../../helpers/train/autoencoder/tiny-autoencoder.js'

const space: SearchSpace = {
  cells: ['normal', 'reduction', 'expansion'],
  blocks: 1,
  operations: ['conv_1x1', 'conv_3x3', 'max_pool_3x3'],
  combinations: ['add'],
}
const decisions = [0, 1, 1, 1, 0, 1, 0, 2, 1, 0, 0, 1, 1, 0, 0]

async function settingsFor(t: TestContext): Promise<ReconstructSettings> {
  const folder = join(await temporaryFolder(t), 'images')
  await paintImages(folder)
  const { model, ...run } = tinyAutoencoder()
  return {
    kind: 'reconstruct',
    space,
    sizes,
    run: {
      ...run,
      length: { kind: 'steps', amount: 80 },
      data: { ...run.data, name: folder, validation: 20, imageSize: 16 },
    },
    imageSize: 8,
    trainImages: 24,
    validationImages: 16,
    latency: true,
  }
}
const { signal } = new AbortController()

test('a child comes back with how much it reconstructs, and what it costs', async (t) => {
  const settings = await settingsFor(t)
  const evaluator = await createEvaluator(settings, { threads: 1 })
  const result = await evaluator.evaluate({ id: 4, decisions }, signal)
  await evaluator.close()
  assert.equal(result.kind, 'measured', JSON.stringify(result))
  if (result.kind !== 'measured') return
  const { quality, reconstructionError = 0, latencyMillis = 0, seconds, ...cost } = result.measured
  assert.equal(result.id, 4)
  assert.ok(quality > 0.2 && quality < 1, `explained ${quality}`)
  assert.ok(reconstructionError > 0 && reconstructionError < 0.2, `error ${reconstructionError}`)
  assert.ok(latencyMillis > 0 && seconds.compile > 0 && seconds.train > 0 && seconds.measure > 0)
  assert.deepEqual(cost, describeAutoencoder(modelOf(settings, decisions), 8))
})

test('a child that diverges is a failed result, and images that cannot be halved are an error', async (t) => {
  const settings = await settingsFor(t)
  const learningRate = { kind: 'constant', peak: 1e30, warmup: 0 } as const
  const run = { ...settings.run, learningRate, clipNorm: null }
  const evaluator = await reconstructEvaluator({ ...settings, run }, { threads: 1 })
  const result = await evaluator.evaluate({ id: 1, decisions }, signal)
  assert.ok(result.kind === 'failed')
  assert.match(result.reason, /became \S+ at step \d+, at a learning rate of 1e\+30$/)
  await assert.rejects(evaluator.evaluate({ id: 1, decisions }, AbortSignal.abort()), { name: 'AbortError' })
  await assert.rejects(reconstructEvaluator({ ...settings, imageSize: 10 }, {}), {
    name: 'UserError',
    message: 'Images of 10 pixels cannot be halved 2 times; choose an image size that is a multiple of 4',
  })
})

test('the best and a plain autoencoder of nearly as many parameters, with pictures of both', async (t) => {
  const settings = await settingsFor(t)
  const { cells, plain, pictures } = await compareAutoencoders(settings, decisions, { threads: 1 }, signal)
  const cost = describeAutoencoder(modelOf(settings, decisions), 8)
  assert.deepEqual([cells.parameters, cells.multiplyAdds], [cost.parameters, cost.multiplyAdds])
  assert.ok(
    Math.abs(plain.parameters / cells.parameters - 1) < 0.25,
    `${plain.parameters}, ${cells.parameters}`,
  )
  for (const { error, psnr } of [cells, plain]) assert.ok(Math.abs(10 ** (-psnr / 10) / error - 1) < 1e-9)
  const { side, count, originals } = pictures
  assert.deepEqual([side, count, originals.length], [8, 10, 10 * 8 * 8 * 3])
  /** Of what is shown; the reported error is of all validation images. */
  const off = (images: Uint8Array) =>
    images.reduce((sum, byte, i) => sum + ((byte - originals[i]) / 255) ** 2, 0) / images.length
  for (const [images, { error }] of [
    [pictures.cells, cells],
    [pictures.plain, plain],
  ] as const)
    assert.ok(off(images) < 2 * error && off(images) > error / 2, `${off(images)} shown, ${error} reported`)
  await assert.rejects(compareAutoencoders(settings, decisions, {}, AbortSignal.abort()), {
    name: 'AbortError',
  })
})
