import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as tf from '@tensorflow/tfjs'
import { eagerContext, type ParameterSpec } from '../../../models/index.js'
import { measureReconstruction, pixelVariance, psnr } from '../../../src/train/autoencoder/evaluate.js'
import { openReconstructor, type Reconstructor } from '../../../src/train/autoencoder/export.js'
import { autoencoderOf } from '../../../src/train/autoencoder/network.js'
import { autoencoderSpecs } from '../../../src/train/autoencoder/step.js'
import { autoencoderCompiler, trainAutoencoder } from '../../../src/train/autoencoder/train.js'
import { Diverged } from '../../../src/train/run/divergence.js'
import { initialVectors, layoutOf } from '../../../src/train/step/flat-state.js'
import { SIZE, slopes, tinyAutoencoder } from '../../helpers/train/autoencoder/tiny-autoencoder.js'

/** Gives for every image what `reconstruct` makes of its bytes. */
const fake = (reconstruct: (byte: number, index: number) => number): Reconstructor => ({
  run: async (images) => Float32Array.from(images, reconstruct),
  close: async () => {},
})

test('variance is about the mean of each channel', () => {
  // Red 0 and 255, green 51 twice, blue 0 and 102: squares of 0.5, 0 and 0.2, each twice, over 6 numbers.
  const variance = pixelVariance({ pixels: Uint8Array.of(0, 51, 0, 255, 51, 102) })
  assert.ok(Math.abs(variance - (2 * 0.25 + 2 * 0.04) / 6) < 1e-12, `${variance}`)
})

test('a perfect answer explains all of the variance, the mean colour none, and a worse one not less', async () => {
  const set = slopes(7)
  const measure = (network: Reconstructor) => measureReconstruction(network, set, { batchSize: 3 })
  const perfect = await measure(fake((byte) => byte / 255))
  assert.ok(perfect !== null && perfect.error < 1e-12 && perfect.varianceExplained > 1 - 1e-9)
  assert.equal(perfect.images, 7)
  const means = [0, 1, 2].map((channel) => {
    const own = set.pixels.filter((_, i) => i % 3 === channel)
    return own.reduce((sum, byte) => sum + byte / 255, 0) / own.length
  })
  const mean = await measure(fake((_, i) => means[i % 3]))
  assert.ok(
    mean !== null && Math.abs(mean.error - pixelVariance(set)) < 1e-6 && mean.varianceExplained < 1e-6,
  )
  const off = await measure(fake((byte) => byte / 255 + 0.1))
  assert.ok(off !== null && Math.abs(off.error - 0.01) < 1e-6)
  assert.ok(Math.abs(off.varianceExplained - (1 - 0.01 / pixelVariance(set))) < 1e-5)
  assert.equal((await measure(fake(() => 9)))?.varianceExplained, 0)
  assert.ok(Number.isNaN((await measure(fake(() => Number.NaN)))?.varianceExplained))
  const aborted = { batchSize: 3, signal: AbortSignal.abort() }
  assert.equal(
    await measureReconstruction(
      fake(() => 0),
      set,
      aborted,
    ),
    null,
  )
})

test('20 dB for every factor of 10 in amplitude', () => {
  assert.ok(Math.abs(psnr(0.01) - 20) < 1e-12 && Math.abs(psnr(0.0001) - 40) < 1e-12)
})

test('the opened network gives what the eager one does, as pixels from 0 to 1', async () => {
  const { model, seed } = tinyAutoencoder()
  const specs = autoencoderSpecs(autoencoderOf(model), 1, SIZE)
  const state = initialVectors(layoutOf(specs.parameters), specs.parameters, seed)
  const set = slopes(3)
  const network = await openReconstructor(model, state, SIZE)
  const actual = await network.run(set.pixels.slice(), 3)
  await network.close()
  await tf.setBackend('cpu')
  const slots = new Map(layoutOf(specs.parameters).slots.map((slot) => [slot.path, slot]))
  const initial = ({ path }: ParameterSpec) => {
    const { vector, offset, size } = slots.get(path)!
    return state[vector as keyof typeof state].slice(offset, offset + size)
  }
  const images = tf.tensor4d(
    Array.from(set.pixels, (byte) => byte / 127.5 - 1),
    [3, SIZE, SIZE, 3],
  )
  const expected = autoencoderOf(model)(eagerContext({ seed, initial }), images).dataSync()
  assert.equal(actual.length, expected.length)
  for (const [i, value] of actual.entries())
    assert.ok(Math.abs(value - Math.min(1, Math.max(0, (expected[i] + 1) / 2))) < 1e-4, `${i}: ${value}`)
})

test('training explains most of the variance of simple images, and is measured at its end', async () => {
  const set = slopes(24)
  const losses: number[] = []
  const explained: number[] = []
  const data = { train: set, validation: slopes(8) }
  const config = tinyAutoencoder({ length: { kind: 'steps', amount: 300 } })
  const { finished } = await trainAutoencoder(config, data, autoencoderCompiler({ threads: 1 }), {
    onStep: ({ metrics }) => losses.push(metrics.loss),
    onEvaluation: ({ varianceExplained }) => explained.push(varianceExplained),
  })
  assert.ok(finished)
  assert.equal(losses.length, 300)
  assert.equal(explained.length, 1)
  assert.ok(losses[299] < losses[0] / 3, `from ${losses[0]} to ${losses[299]}`)
  assert.ok(explained[0] > 0.5, `${explained[0]} explained`)
})

test('a loss that is not finite ends the training', async () => {
  const set = slopes(8)
  const config = tinyAutoencoder({
    learningRate: { kind: 'constant', peak: 1e30, warmup: 0 },
    clipNorm: null,
  })
  await assert.rejects(
    trainAutoencoder(config, { train: set, validation: set }, autoencoderCompiler({ threads: 1 })),
    Diverged,
  )
})
