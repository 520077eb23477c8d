import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { mask } from '#coco-ts'
import { CROWD } from '../../../models/ground-truth.js'
import { fitImage, RESIZE_MODES } from '../../../src/shared/detector-input.js'
import { random } from '../../../src/shared/random.js'
import { changeColoursOn, placeObjects, placePixels } from '../../../src/train/detection/augment.js'
import { fitPixels } from '../../../src/train/detection/fit-pixels.js'
import {
  cutBox,
  drawPlacement,
  type Placement,
  placeBox,
  placeMask,
} from '../../../src/train/detection/placement.js'
import { findRed } from '../../helpers/train/detection/red-scenes.js'

const off = { flip: false, scale: [1, 1] as [number, number], minVisible: 0.3, colour: 0 }
const on = { flip: true, scale: [0.5, 2] as [number, number], minVisible: 0.3, colour: 0 }

const sides = fc.integer({ min: 40, max: 160 })
const scenes = fc
  .record({
    width: sides,
    height: sides,
    inputSize: fc.tuple(sides, sides),
    mode: fc.constantFrom('letterbox' as const, 'stretch' as const),
    seed: fc.nat(),
  })
  .chain(({ width, height, ...rest }) =>
    fc
      .record({
        w: fc.integer({ min: 12, max: width - 1 }),
        h: fc.integer({ min: 12, max: height - 1 }),
        x: fc.double({ min: 0, max: 1, noNaN: true }),
        y: fc.double({ min: 0, max: 1, noNaN: true }),
      })
      .map(({ w, h, x, y }) => {
        const [left, top] = [Math.floor(x * (width - w)), Math.floor(y * (height - h))]
        return {
          width,
          height,
          ...rest,
          box: [left, top, left + w, top + h] as [number, number, number, number],
        }
      }),
  )

type Drawn = typeof scenes extends fc.Arbitrary<infer T> ? T : never
const placementOf = ({ width, height, inputSize, mode, seed }: Drawn): Placement =>
  drawPlacement(on, { mode, inputSize, width, height }, random(seed, 'placement').uniform)

/** How far two boxes' sides lie apart at most. */
const apart = (a: readonly number[], b: readonly number[]) =>
  Math.max(...a.map((side, i) => Math.abs(side - b[i])))

test('with everything off an image lies where a detector sees it', () => {
  fc.assert(
    fc.property(scenes, ({ width, height, inputSize, mode, seed }) => {
      const { uniform } = random(seed)
      const { scaled, left, top, mirrored } = drawPlacement(off, { mode, inputSize, width, height }, uniform)
      const fit = fitImage(mode, inputSize, width, height)
      assert.deepEqual(
        { scaled, left, top, mirrored },
        { scaled: { width: fit.width, height: fit.height }, left: 0, top: 0, mirrored: false },
      )
    }),
  )
})

test('scales and places stay in range and use all of it, and half of the images are mirrored', () => {
  const { uniform } = random(1)
  const drawn = Array.from({ length: 4000 }, () =>
    drawPlacement(on, { mode: 'letterbox', inputSize: [100, 100], width: 200, height: 100 }, uniform),
  )
  const widths = drawn.map(({ scaled }) => scaled.width)
  assert.deepEqual([Math.min(...widths), Math.max(...widths)], [50, 200])
  const smaller = widths.filter((width) => width < 100).length
  assert.ok(Math.abs(smaller / 4000 - 0.5) < 0.03, `${smaller} are smaller than the input`)
  for (const { left, scaled } of drawn) {
    const room = 100 - scaled.width
    assert.ok(left >= Math.min(0, room) && left <= Math.max(0, room))
  }
  assert.ok(drawn.some(({ left, scaled }) => left === 0 && scaled.width < 60))
  assert.ok(drawn.some(({ left, scaled }) => left === 100 - scaled.width && scaled.width > 150))
  const mirrored = drawn.filter((placement) => placement.mirrored).length
  assert.ok(Math.abs(mirrored / 4000 - 0.5) < 0.03)
})

test('a box moves as by hand', () => {
  const placement: Placement = {
    width: 200,
    height: 100,
    mirrored: false,
    scaled: { width: 400, height: 150 },
    left: -100,
    top: 30,
    inputSize: [300, 300],
  }
  assert.deepEqual(placeBox([10, 20, 60, 40], placement), [-80, 60, 20, 90])
  assert.deepEqual(placeBox([10, 20, 60, 40], { ...placement, mirrored: true }), [180, 60, 280, 90])
  assert.deepEqual(cutBox([-80, 60, 20, 90], [300, 300]), { box: [0, 60, 20, 90], visible: 0.2 })
  assert.equal(cutBox([-80, 60, -20, 90], [300, 300]).visible, 0)
})

test('the box around the placed mask is the placed box, within a pixel', () => {
  fc.assert(
    fc.property(scenes, (scene) => {
      const placement = placementOf(scene)
      const [x1, y1, x2, y2] = scene.box
      const data = new Uint8Array(scene.width * scene.height)
      for (let y = y1; y < y2; y++) data.fill(1, y * scene.width + x1, y * scene.width + x2)
      const placed = placeMask(mask.encode({ width: scene.width, height: scene.height, data }), placement)
      assert.deepEqual([...placed.size], scene.inputSize)
      const { box, visible } = cutBox(placeBox(scene.box, placement), scene.inputSize)
      const [x, y, w, h] = mask.toBbox(placed)
      const thin = Math.min(box[2] - box[0], box[3] - box[1]) < 1
      if (visible === 0) assert.equal(w * h, 0)
      else if (!thin) assert.ok(apart([x, y, x + w, y + h], box) <= 1, `${[x, y, x + w, y + h]} and ${box}`)
    }),
    { numRuns: 300 },
  )
})

test('the pixels lie where the box says, within what blurring moves an edge', async () => {
  await fc.assert(
    fc.asyncProperty(scenes, async (scene) => {
      const placement = placementOf(scene)
      const { width, height, inputSize } = scene
      const [x1, y1, x2, y2] = scene.box
      const data = new Uint8Array(width * height * 3)
      for (let y = y1; y < y2; y++) for (let x = x1; x < x2; x++) data[(y * width + x) * 3] = 255
      const pixels = await placePixels({ data, width, height }, placement, 'stretch')
      assert.equal(pixels.length, inputSize[0] * inputSize[1] * 3)
      const { box, visible } = cutBox(placeBox(scene.box, placement), inputSize)
      // Grey beside the image is half as bright as red.
      const found = findRed(pixels, inputSize[1], 160)
      if (visible === 0) assert.equal(found, null)
      else if (Math.min(box[2] - box[0], box[3] - box[1]) > 4)
        assert.ok(found !== null && apart(found, box) <= 1.5, `${found} and ${box}`)
    }),
    { numRuns: 60 },
  )
})

test('an image that is not augmented is placed as it is fitted, in every way of resizing', async () => {
  const off = { flip: false, scale: [1, 1] as [number, number], minVisible: 0, colour: 0 }
  const [width, height] = [37, 23]
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * i * 7) % 251)
  for (const mode of RESIZE_MODES) {
    const placement = drawPlacement(off, { mode, inputSize: [40, 52], width, height }, () => 0.7)
    const placed = await placePixels({ data, width, height }, placement, mode)
    const { pixels } = await fitPixels({ data, width, height }, { inputSize: [40, 52], resize: mode })
    assert.deepEqual([...placed], [...pixels], mode)
  }
})

test('what is hardly left becomes a crowd, what is gone vanishes, and of too many the largest stay', () => {
  const placement: Placement = {
    width: 100,
    height: 100,
    mirrored: false,
    scaled: { width: 100, height: 100 },
    left: -50,
    top: 0,
    inputSize: [100, 100],
  }
  const image = {
    boxes: Float32Array.from([
      ...[60, 0, 80, 20],
      ...[45, 0, 65, 20],
      ...[30, 0, 54, 20],
      ...[0, 0, 40, 20],
      ...[70, 70, 99, 99],
      ...[60, 50, 60.5, 60],
    ]),
    labels: Int32Array.of(0, 1, 2, 3, 4, 5),
    crowd: Uint8Array.of(0, 0, 0, 0, 1, 0),
  }
  const all = placeObjects(image, placement, { minVisible: 0.3, most: 10 })
  assert.deepEqual([...all.labels], [0, 1, CROWD, CROWD, CROWD])
  assert.deepEqual([...all.boxes.subarray(0, 12)], [10, 0, 30, 20, 0, 0, 15, 20, 0, 0, 4, 20])
  const largest = placeObjects(image, placement, { minVisible: 0.3, most: 2 })
  assert.deepEqual([...largest.labels], [CROWD, 0])
  assert.deepEqual([...largest.boxes], [20, 70, 49, 99, 10, 0, 30, 20])
})

test('colours change where the image lies, and the grey beside it stays', async () => {
  const placement = drawPlacement(
    { ...off, scale: [0.5, 0.5] },
    { mode: 'letterbox', inputSize: [40, 60], width: 50, height: 50 },
    random(3).uniform,
  )
  const input = new Float32Array(2 * 40 * 60 * 3)
  const brighter = { matrix: [1, 0, 0, 0, 1, 0, 0, 0, 1], offset: 0.25 }
  changeColoursOn(input, 40 * 60 * 3, placement, brighter)
  const { left, top, scaled } = placement
  input.forEach((value, i) => {
    const pixel = Math.floor(i / 3) - 40 * 60
    const [x, y] = [pixel % 60, Math.floor(pixel / 60)]
    const inside = x >= left && x < left + scaled.width && y >= top && y < top + scaled.height
    assert.equal(value, pixel >= 0 && inside ? 0.25 : 0)
  })
})
