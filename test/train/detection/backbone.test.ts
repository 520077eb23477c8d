import assert from 'node:assert/strict'
import { copyFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Tensor, writeSafetensors } from '../../../src/shared/safetensors.js'
import { compileStep } from '../../../src/train/classification/step.js'
import { applyBackbone } from '../../../src/train/detection/backbone.js'
import { compileDetectorStep } from '../../../src/train/detection/step.js'
import { loadBackbone } from '../../../src/train/load-backbone.js'
import type { Checkpoint } from '../../../src/train/run/checkpoint.js'
import { createRun } from '../../../src/train/tasks.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'
import { redConfig } from '../../helpers/train/detection/red-scenes.js'
import { tinyDetector, tinyPyramidDetector } from '../../helpers/train/detection/tiny-detector.js'
import { colourConfig } from '../../helpers/train/linear-step.js'

const detector = tinyDetector()
const { model: usual, ...classifier } = colourConfig({ averageDecay: 0.9 })
const config = { ...classifier, model: detector.backbone }

/** A classifier's checkpoint, every vector of which counts up from a number of its own. */
function checkpoint(): Checkpoint {
  const { layout, vectors } = compileStep({ ...config, auxiliaryWeight: 0 }, { imageSize: 64, classes: 5 }, 0)
  const state = Object.entries(vectors).map(([name, { size }], vector) => [
    name,
    Float32Array.from({ length: size }, (_, i) => vector + i / size),
  ])
  return { step: 8, seconds: 1, layout: layout.slots, state: Object.fromEntries(state) }
}

const saved = checkpoint()
const slotsOf = () => compileDetectorStep(detector, { imageSize: [64, 64], classes: 2 }, 0)

/** The value that a checkpoint's vector has for the first number of a tensor. */
function first(vector: string, path: string): number {
  return saved.state[vector][saved.layout.find((slot) => slot.path === path)!.offset]
}

test('a classifier’s run gives the averaged weights to every cell of a detector, and its architecture', async (t) => {
  const folder = join(await temporaryFolder(t), 'run')
  const run = await createRun(folder, config)
  await assert.rejects(loadBackbone(folder, usual), /run has no checkpoint yet; train it first/)
  await run.save(saved)
  await run.close()

  const { layout, vectors } = slotsOf()
  const backbone = layout.slots.filter(({ path }) => !/^(rpn|regions)/.test(path))
  const own = layout.slots.filter(({ path }) => /^(rpn|regions)/.test(path))
  assert.ok(backbone.some(({ path }) => path.startsWith('reduction_1/')) && own.length > 6)
  for (const source of [folder, join(folder, 'checkpoint-8.safetensors')]) {
    const { model, weights } = await loadBackbone(source, usual)
    assert.deepEqual(model, detector.backbone)
    const state = Object.fromEntries(
      Object.entries(vectors).map(([name, { size }]) => [name, new Float32Array(size).fill(-1)]),
    )
    state.averageParameters = state.parameters.slice()
    assert.equal(applyBackbone(layout.slots, state, weights), backbone.length)
    for (const { path, vector, offset } of backbone) {
      const average = vector === 'parameters' ? 'averageParameters' : 'averageStatistics'
      assert.equal(state[vector][offset], first(average, path), path)
    }
    assert.deepEqual(state.averageParameters, state.parameters)
    for (const { offset, size, vector } of own)
      assert.ok(state[vector].subarray(offset, offset + size).every((value) => value === -1))
    assert.ok(state.momentum.every((value) => value === -1))
  }
})

test('a detector with a pyramid takes every cell of the backbone, and keeps its own layers', () => {
  const { layout, vectors } = compileDetectorStep(
    tinyPyramidDetector(),
    { imageSize: [64, 64], classes: 2 },
    0,
  )
  const isOwn = ({ path }: { path: string }) => /^(pyramid|rpn|regions)\//.test(path)
  const weights = new Map<string, Tensor>(
    saved.layout.map(({ path, shape, size }) => [path, { shape, data: new Float32Array(size).fill(2) }]),
  )
  const state = Object.fromEntries(
    Object.entries(vectors).map(([name, { size }]) => [name, new Float32Array(size).fill(-1)]),
  )
  const cells = saved.layout.filter(({ path }) => !path.startsWith('head/'))
  assert.equal(applyBackbone(layout.slots, state, { source: 'a run', tensors: weights }), cells.length)
  for (const slot of layout.slots)
    assert.equal(state[slot.vector][slot.offset], isOwn(slot) ? -1 : 2, slot.path)
  assert.ok(layout.slots.some(({ path }) => path.startsWith('pyramid/lateral_4/')))
})

test('weights in a file of their own are of the architecture that is named', async (t) => {
  const folder = await temporaryFolder(t)
  const path = join(folder, 'weights.safetensors')
  const { layout, vectors } = slotsOf()
  const tensors = new Map<string, Tensor>(
    layout.slots.map(({ path, shape, size }) => [path, { shape, data: new Float32Array(size).fill(2) }]),
  )
  const state = () =>
    Object.fromEntries(Object.entries(vectors).map(([name, { size }]) => [name, new Float32Array(size)]))
  await writeSafetensors(path, tensors)
  const { model, weights } = await loadBackbone(path, usual)
  assert.deepEqual(model, usual)
  applyBackbone(layout.slots, state(), weights)

  const kernel = layout.slots[0]
  const misfit = (change: (copy: typeof tensors) => unknown, message: RegExp) => {
    const copy = new Map(tensors)
    change(copy)
    assert.throws(() => applyBackbone(layout.slots, state(), { source: path, tensors: copy }), message)
  }
  const named = new RegExp(
    `weights.safetensors does not fit .* where "${kernel.path}" of shape \\[3, 3, 3, 8\\] is needed`,
  )
  misfit((copy) => copy.delete(kernel.path), named)
  misfit((copy) => copy.delete(kernel.path), /it has nothing where/)
  misfit(
    (copy) => copy.set(kernel.path, { shape: [3, 3, 3, 4], data: new Float32Array(108) }),
    /it has a tensor of shape \[3, 3, 3, 4\] where/,
  )
  misfit(
    (copy) =>
      copy.set(kernel.path, { shape: kernel.shape, data: new Float32Array(kernel.size).fill(Number.NaN) }),
    /has numbers that are not finite/,
  )
  misfit(
    (copy) => copy.set(kernel.path, { shape: [1], data: new Uint16Array(1) }),
    /it has a tensor of Uint16Array of shape \[1\]/,
  )
})

test('what is no backbone is refused in a plain sentence', async (t) => {
  const folder = await temporaryFolder(t)
  await assert.rejects(loadBackbone(join(folder, 'none'), usual), /Cannot read .*none: /)
  await assert.rejects(loadBackbone(folder, usual), /is not the folder of a run/)
  await (await createRun(join(folder, 'detector'), redConfig())).close()
  await assert.rejects(
    loadBackbone(join(folder, 'detector'), usual),
    /is the run of a detector .*; name the run of a classifier/,
  )
  const text = join(folder, 'notes.txt')
  await writeFile(text, 'no weights at all')
  await assert.rejects(loadBackbone(text, usual), /notes.txt is damaged/)
  await copyFile(text, join(folder, 'detector', 'weights.safetensors'))
  await assert.rejects(loadBackbone(join(folder, 'detector', 'weights.safetensors'), usual), /is damaged/)
})
