import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Tensor } from '../../../src/shared/safetensors.js'
import { applyDetectorWeights } from '../../../src/train/detection/initial-weights.js'
import { compileDetectorStep } from '../../../src/train/detection/step.js'
import { loadDetector } from '../../../src/train/load-detector.js'
import { createRun } from '../../../src/train/tasks.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'
import { tinyDetector, tinyPyramidDetector } from '../../helpers/train/detection/tiny-detector.js'
import { colourConfig } from '../../helpers/train/linear-step.js'

/** A detector of red and blue, with two spare classes, whose numbers all differ. */
const source = tinyDetector({ averageDecay: 0.9 })
source.detector = { ...source.detector, roiHeads: { ...source.detector.roiHeads, spareClasses: 2 } }
const trained = compileDetectorStep(source, { imageSize: [64, 64], classes: 2 }, 0)
const trainedState = Object.fromEntries(
  Object.entries(trained.vectors).map(([name, { size }], vector) => [
    name,
    Float32Array.from({ length: size }, (_, i) => vector + 1 + i / size),
  ]),
)

async function trainedRun(folder: string) {
  const run = await createRun(folder, source)
  await run.save({ step: 8, seconds: 1, layout: trained.layout.slots, state: trainedState })
  await run.close()
  return loadDetector(folder)
}

const next = tinyDetector()
const slots = (classes: number) => compileDetectorStep(next, { imageSize: [64, 64], classes }, 0)

function freshState({ vectors }: ReturnType<typeof slots>): Record<string, Float32Array> {
  const state = Object.fromEntries(
    Object.entries(vectors).map(([name, { size }]) => [name, new Float32Array(size).fill(-1)]),
  )
  return { ...state, averageParameters: state.parameters.slice() }
}

test('a detector gives its averaged weights, and the columns of categories of the same name', async (t) => {
  const { config, weights } = await trainedRun(join(await temporaryFolder(t), 'run'))
  assert.deepEqual([config.backbone, weights.categories.length], [source.backbone, 2])
  const begun = slots(3)
  const state = freshState(begun)
  // Blue stands elsewhere and has another id; red is unknown.
  const categories = [
    { id: 1, name: 'green' },
    { id: 2, name: 'yellow' },
    { id: 3, name: 'blue' },
  ]
  const { slots: layout } = begun.layout
  assert.deepEqual(applyDetectorWeights(layout, state, weights, categories), {
    copied: layout.length,
    carriedOver: ['blue'],
    fresh: ['green', 'yellow'],
  })
  assert.deepEqual(state.averageParameters, state.parameters)

  const numbers = (path: string): Float32Array => weights.tensors.get(path)!.data as Float32Array
  for (const { path, vector, offset, size, shape } of layout) {
    const now = state[vector].subarray(offset, offset + size)
    if (!path.startsWith('regions/')) {
      assert.deepEqual(now, numbers(path), path)
      continue
    }
    const isClasses = path.startsWith('regions/classes/')
    const [width, wide] = isClasses ? [4, 5] : [12, 8]
    assert.equal(shape.at(-1), width)
    for (let row = 0; row < size / width; row++) {
      const [mine, theirs] = [
        (i: number) => now[row * width + i],
        (i: number) => numbers(path)[row * wide + i],
      ]
      // The background is the first class, blue the third one there.
      if (isClasses) assert.deepEqual([0, 1, 2, 3].map(mine), [theirs(0), -1, -1, theirs(2)], path)
      else {
        assert.ok(
          Array.from({ length: 8 }, (_, i) => mine(i)).every((x) => x === -1),
          path,
        )
        assert.deepEqual([8, 9, 10, 11].map(mine), [4, 5, 6, 7].map(theirs), path)
      }
    }
  }
})

test('a detector with a pyramid is carried over whole, and none without one fits it', async (t) => {
  const { weights } = await trainedRun(join(await temporaryFolder(t), 'run'))
  const { layout, vectors } = compileDetectorStep(
    tinyPyramidDetector(),
    { imageSize: [64, 64], classes: 2 },
    0,
  )
  const state = Object.fromEntries(
    Object.entries(vectors).map(([name, { size }]) => [name, new Float32Array(size)]),
  )
  const categories = source.data.categories!
  const tensors = new Map<string, Tensor>(
    layout.slots.map(({ path, shape, size }) => [path, { shape, data: new Float32Array(size).fill(3) }]),
  )
  const same = { source: 'a run', tensors, categories }
  assert.deepEqual(applyDetectorWeights(layout.slots, state, same, categories), {
    copied: layout.slots.length,
    carriedOver: ['red', 'blue'],
    fresh: [],
  })
  assert.ok(state.parameters.every((value) => value === 3))
  assert.throws(
    () => applyDetectorWeights(layout.slots, state, weights, categories),
    /run does not fit the detector: it has nothing where "pyramid\/lateral_32\/kernel"/,
  )
})

test('weights of another width, or that are not finite, are refused and change nothing', async (t) => {
  const { weights } = await trainedRun(join(await temporaryFolder(t), 'run'))
  const changed = (path: string, change: (tensor: Tensor) => Tensor | undefined) => {
    const tensors = new Map(weights.tensors)
    const tensor = change(tensors.get(path)!)
    if (tensor === undefined) tensors.delete(path)
    else tensors.set(path, tensor)
    return { ...weights, tensors }
  }
  const begun = slots(2)
  const refused = (wrong: typeof weights, words: RegExp) => {
    const state = freshState(begun)
    assert.throws(() => applyDetectorWeights(begun.layout.slots, state, wrong, source.data.categories!), {
      name: 'UserError',
      message: words,
    })
    return state
  }
  const width = refused(
    changed('stem/kernel', () => ({ shape: [3, 3, 3, 4], data: new Float32Array(108) })),
    /run does not fit the detector: it has a tensor of shape \[3, 3, 3, 4\] where "stem\/kernel" of shape \[3, 3, 3, 8\] is needed\. Begin a new run with --init/,
  )
  assert.ok(width.parameters.every((x) => x === -1))
  refused(
    changed('rpn/boxes/bias', () => undefined),
    /it has nothing where "rpn\/boxes\/bias"/,
  )
  refused(
    changed('regions/boxes/bias', () => ({ shape: [4], data: new Float32Array(4) })),
    /a tensor of shape \[4\] where "regions\/boxes\/bias" of shape \[8\]/,
  )
  refused(
    changed('rpn/convolution/bias', ({ shape, data }) => ({
      shape,
      data: (data as Float32Array).map(() => Number.NaN),
    })),
    /"rpn\/convolution\/bias" has numbers that are not finite/,
  )
})

test('only a detector’s run that has been trained can be begun with', async (t) => {
  const folder = await temporaryFolder(t)
  const place = (name: string) => join(folder, name)
  await (await createRun(place('untrained'), tinyDetector())).close()
  await (await createRun(place('classifier'), colourConfig())).close()
  await writeFile(place('file.safetensors'), '')
  await mkdir(place('empty'))
  for (const [name, words] of [
    ['untrained', /untrained has no checkpoint yet; train it first/],
    ['classifier', /classifier is the run of a classifier, .*: --backbone .*classifier$/],
    [
      'file.safetensors',
      /--init takes the folder of a detector's run, but .* is a file; .* import-weights, .* --backbone/,
    ],
    ['empty', /empty is not the folder of a run/],
    ['nothing', /nothing/],
  ] as const)
    await assert.rejects(loadDetector(place(name)), { name: 'UserError', message: words })
})
