/** The exported detector against the training engine's own: the same function with weights as inputs. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as tf from '@tensorflow/tfjs'
import { detect } from '../../../models/index.js'
import { detectorCard } from '../../../src/train/detection/card.js'
import type { DetectorRunConfig } from '../../../src/train/detection/config.js'
import { detectorFrom, exportDetector } from '../../../src/train/detection/export.js'
import { detectorOf } from '../../../src/train/detection/network.js'
import { buildDetectorStep } from '../../../src/train/detection/step.js'
import type { RawDetections } from '../../../src/train/detection/step-types.js'
import { contextOver } from '../../../src/train/step/contexts.js'
import type { ParameterSlot, StateVectors } from '../../../src/train/step/step-types.js'
import { compiled, eagerly, type Results } from '../../helpers/engine/compare.js'
import {
  CLASSES,
  rectangles,
  SIZE,
  tinyDetector,
  tinyPyramidDetector,
} from '../../helpers/train/detection/tiny-detector.js'

/** A detector that has seen the rectangles often enough to find them. */
async function trained(config: DetectorRunConfig): Promise<{ layout: ParameterSlot[]; state: StateVectors }> {
  const step = await buildDetectorStep(config, { imageSize: [SIZE, SIZE], classes: CLASSES })
  for (let i = 0; i < 120; i++)
    await step.run({ batches: [rectangles()], learningRate: 0.02, progress: 0, step: i })
  const state = await step.state()
  await step.close()
  return { layout: step.layout, state }
}

/** What the engine finds with the weights as ordinary inputs, as training has them. */
async function byEngine(
  config: DetectorRunConfig,
  { layout, state }: Awaited<ReturnType<typeof trained>>,
  images: Float32Array,
  run: (f: Parameters<typeof compiled>[0], given: Parameters<typeof compiled>[1]) => Promise<Results>,
): Promise<RawDetections> {
  const detector = detectorOf(config, CLASSES)
  const slots = new Map(layout.map((slot) => [slot.path, slot]))
  const results = await run(
    (inputs) => {
      const ctx = contextOver({
        training: false,
        progress: tf.scalar(1),
        parameter: ({ path, shape }) => {
          const { vector, offset, size } = slots.get(path)!
          return tf.reshape(tf.slice1d(inputs[vector] as tf.Tensor1D, offset, size), shape)
        },
        uniform: () => assert.fail('noise in inference'),
        update() {},
      })
      const [found] = detect(detector, ctx, inputs.images as tf.Tensor4D)
      return { ...found }
    },
    {
      images: { shape: [1, SIZE, SIZE, 3], data: images },
      parameters: { shape: [state.parameters.length], data: state.parameters },
      statistics: { shape: [state.statistics.length], data: state.statistics },
    },
  )
  return {
    boxes: Float32Array.from(results.boxes.data),
    scores: Float32Array.from(results.scores.data),
    classes: Int32Array.from(results.classes.data),
  }
}

function assertSame(actual: RawDetections, expected: RawDetections, what: string): void {
  assert.deepEqual(Array.from(actual.classes), Array.from(expected.classes), what)
  for (const [i, score] of expected.scores.entries())
    assert.ok(Math.abs(actual.scores[i] - score) < 1e-3, `${what}: score ${i}`)
  for (const [i, side] of expected.boxes.entries())
    assert.ok(Math.abs(actual.boxes[i] - side) < 0.5, `${what}: box ${Math.floor(i / 4)}`)
}

for (const [about, config] of [
  ['', tinyDetector()],
  [' with a pyramid', tinyPyramidDetector()],
] as const)
  test(`the exported detector${about} finds what training and TensorFlow.js find, and the rectangles`, async () => {
    const model = await trained(config)
    const detector = await detectorFrom(
      exportDetector(config, model.state, detectorCard(config, 120)),
      config.inputSize,
    )
    const batch = rectangles()
    for (let image = 0; image < 2; image++) {
      const pixels = Uint8Array.from(
        batch.images.subarray(image * SIZE * SIZE * 3, (image + 1) * SIZE * SIZE * 3),
        (value) => Math.round((value + 1) * 127.5),
      )
      const scaled = Float32Array.from(pixels, (value) => (value * 2) / 255 - 1)
      const found = await detector.run(pixels.slice())
      for (const block of [0, 16])
        assertSame(
          found,
          await byEngine(config, model, scaled, (f, given) => compiled(f, given, block)),
          `image ${image} at block ${block}`,
        )
      assertSame(found, await byEngine(config, model, scaled, eagerly), `image ${image}, eagerly`)
      if (image === 0) {
        assert.deepEqual(Array.from(found.classes.subarray(0, 2)).sort(), [0, 1])
        assert.ok(found.scores[1] > 0.5, `scores ${found.scores}`)
        const red = found.classes[0] === 0 ? 0 : 1
        const off = [6, 10, 30, 36].map((side, i) => Math.abs(side - found.boxes[red * 4 + i]))
        assert.ok(Math.max(...off) < 6, `the red rectangle is off by ${off}`)
      }
    }
    await detector.close()
  })
