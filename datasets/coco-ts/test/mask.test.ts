import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { CocoError, type CompressedRle, type Mask, mask } from '../src/index.js'
import { golden } from './support.js'

interface GoldenMasks {
  cases: { rle: CompressedRle; rows: string; area: number; bbox: number[] }[]
  groups: {
    rles: CompressedRle[]
    crowd: number[]
    iou: number[][]
    union: CompressedRle
    intersection: CompressedRle
    pairs: [CompressedRle, CompressedRle][]
  }[]
  strings: { rle: CompressedRle; area: number; bbox: number[] }[]
}

interface GoldenPolygons {
  polygons: { polygon: number[]; size: [number, number]; counts: string }[]
  boxes: { box: number[]; size: [number, number]; counts: string }[]
  joined: { polygons: number[][]; size: [number, number]; counts: string }[]
}

const masks = golden<GoldenMasks>('masks.json.gz')
const polygons = golden<GoldenPolygons>('polygons.json.gz')

describe('masks, against pycocotools', () => {
  it('encodes, decodes, measures', () => {
    for (const { rle, rows, area, bbox } of masks.cases) {
      const [height, width] = rle.size
      const data = Uint8Array.from(rows, Number)
      assert.deepEqual(mask.encode({ height, width, data }), rle)
      assert.deepEqual(mask.decode(rle), { height, width, data })
      assert.equal(mask.area(rle), area)
      assert.deepEqual(mask.toBbox(rle), bbox)
    }
  })

  it('reads and writes long compressed counts', () => {
    for (const { rle, area, bbox } of masks.strings) {
      assert.equal(mask.rleToString(mask.rleFrString(rle.counts)), rle.counts)
      assert.deepEqual(mask.encode(mask.decode(rle)), rle)
      assert.equal(mask.area(rle), area)
      assert.deepEqual(mask.toBbox(rle), bbox)
    }
  })

  it('merges', () => {
    for (const { rles, union, intersection, pairs } of masks.groups) {
      assert.deepEqual(mask.merge(rles), union)
      assert.deepEqual(mask.merge(rles, true), intersection)
      pairs.forEach(([both, common], i) => {
        const pair = [rles[Math.floor(i / rles.length)], rles[i % rles.length]]
        assert.deepEqual(mask.merge(pair), both)
        assert.deepEqual(mask.merge(pair, true), common)
      })
    }
  })

  it('measures overlap, crowds included', () => {
    for (const { rles, crowd, iou } of masks.groups) {
      assert.deepEqual(
        mask.iou(rles, rles, crowd).map((row) => [...row]),
        iou,
      )
    }
  })

  it('draws polygons bit for bit', () => {
    for (const { polygon, size, counts } of polygons.polygons) {
      assert.deepEqual(mask.frPyObjects([polygon], ...size), [{ size, counts }], JSON.stringify(polygon))
    }
    for (const { box, size, counts } of polygons.boxes) {
      assert.deepEqual(mask.frPyObjects(box, ...size), { size, counts })
    }
    for (const { polygons: parts, size, counts } of polygons.joined) {
      assert.deepEqual(mask.merge(mask.frPyObjects(parts, ...size)), { size, counts })
    }
  })
})

/** The toolbox's walk as it is defined: every step of every edge on the fine grid, then the pixels' parity. */
function walkedPolygon(xy: number[], height: number, width: number): Uint8Array {
  const corners = xy.length / 2
  const grid = (value: number): number => Math.trunc(5 * value + 0.5)
  const us: number[] = []
  const vs: number[] = []
  for (let j = 0; j < corners; j++) {
    const next = (j + 1) % corners
    let [x0, y0, x1, y1] = [grid(xy[2 * j]), grid(xy[2 * j + 1]), grid(xy[2 * next]), grid(xy[2 * next + 1])]
    const [dx, dy] = [Math.abs(x1 - x0), Math.abs(y1 - y0)]
    const wide = dx >= dy
    const flip = wide ? x0 > x1 : y0 > y1
    if (flip) [x0, y0, x1, y1] = [x1, y1, x0, y0]
    const slope = wide ? (y1 - y0) / dx : (x1 - x0) / dy
    const steps = wide ? dx : dy
    for (let d = 0; d <= steps; d++) {
      const t = flip ? steps - d : d
      us.push(wide ? t + x0 : Math.trunc(x0 + slope * t + 0.5))
      vs.push(wide ? Math.trunc(y0 + (steps === 0 ? 0 : slope * t) + 0.5) : t + y0)
    }
  }
  const flips = new Uint8Array(height * width + 1)
  for (let j = 1; j < us.length; j++) {
    if (us[j] === us[j - 1]) continue
    const column = (Math.min(us[j], us[j] > us[j - 1] ? us[j] - 1 : us[j]) + 0.5) / 5 - 0.5
    if (!Number.isInteger(column) || column < 0 || column > width - 1) continue
    const row = (Math.min(vs[j], vs[j - 1]) + 0.5) / 5 - 0.5
    flips[column * height + Math.ceil(Math.min(Math.max(row, 0), height))] ^= 1
  }
  const data = new Uint8Array(height * width)
  let inside = 0
  for (let at = 0; at < height * width; at++) {
    inside ^= flips[at]
    data[(at % height) * width + Math.floor(at / height)] = inside
  }
  return data
}

const size = fc.record({ height: fc.integer({ min: 1, max: 24 }), width: fc.integer({ min: 1, max: 40 }) })
const drawnMask = (height: number, width: number): fc.Arbitrary<Mask> =>
  fc
    .uint8Array({ minLength: height * width, maxLength: height * width, max: 1 })
    .map((data) => ({ height, width, data }))
const someMasks = (count: number): fc.Arbitrary<Mask[]> =>
  size.chain(({ height, width }) =>
    fc.tuple(...Array.from({ length: count }, () => drawnMask(height, width))),
  )

describe('masks, whatever they show', () => {
  it('decode what was encoded', () => {
    fc.assert(
      fc.property(someMasks(1), ([one]) => {
        assert.deepEqual(mask.decode(mask.encode(one)), one)
      }),
    )
  })

  it('do not depend on where the bytes lie, nor on which bytes mark the object', () => {
    fc.assert(
      fc.property(someMasks(1), fc.nat(3), fc.integer({ min: 1, max: 255 }), ([one], offset, marker) => {
        const { height, width, data } = one
        const moved = new Uint8Array(offset + data.length + 5).fill(9).subarray(offset, offset + data.length)
        data.forEach((pixel, i) => {
          moved[i] = pixel === 0 ? 0 : i % 2 === 0 ? marker : 128
        })
        assert.deepEqual(mask.encode({ height, width, data: moved }), mask.encode(one))
      }),
    )
  })

  it('compress any counts', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 2 ** 31 - 1 })), (counts) => {
        assert.deepEqual([...mask.rleFrString(mask.rleToString(counts))], counts)
      }),
    )
  })

  it('overlap symmetrically, each fully with itself, and as their pixels say', () => {
    fc.assert(
      fc.property(someMasks(2), ([a, b]) => {
        const both = mask.encode([a, b])
        const [[aa, ab], [ba]] = mask.iou(both, both, [0, 0])
        assert.equal(ab, ba)
        assert.equal(aa, a.data.includes(1) ? 1 : 0)
        const common = a.data.filter((pixel, i) => pixel & b.data[i]).length
        const either = a.data.filter((pixel, i) => pixel | b.data[i]).length
        assert.equal(ab, common === 0 ? 0 : common / either)
      }),
    )
  })

  it('merge associatively, as their pixels say', () => {
    fc.assert(
      fc.property(someMasks(3), fc.boolean(), ([a, b, c], intersect) => {
        const [ra, rb, rc] = mask.encode([a, b, c])
        const left = mask.merge([mask.merge([ra, rb], intersect), rc], intersect)
        assert.deepEqual(left, mask.merge([ra, mask.merge([rb, rc], intersect)], intersect))
        assert.deepEqual(left, mask.merge([ra, rb, rc], intersect))
        const pixels = a.data.map((p, i) =>
          intersect ? p & b.data[i] & c.data[i] : p | b.data[i] | c.data[i],
        )
        assert.deepEqual(mask.decode(left).data, pixels)
      }),
    )
  })

  it('draw polygons as a walk along every edge does', () => {
    const coordinate = fc.oneof(
      fc.double({ min: -30, max: 70, noNaN: true }),
      fc.integer({ min: -10, max: 50 }),
      fc.integer({ min: -100, max: 500 }).map((tenths) => tenths / 10),
    )
    const corners = fc.array(fc.tuple(coordinate, coordinate), { minLength: 3, maxLength: 12 })
    fc.assert(
      fc.property(size, corners, ({ height, width }, points) => {
        const polygon = points.flat()
        const drawn = mask.decode(mask.frPyObjects(polygon, height, width))
        assert.deepEqual(drawn.data, walkedPolygon(polygon, height, width))
      }),
      { numRuns: 400 },
    )
  })
})

describe('masks that make no sense', () => {
  it('are refused in words', () => {
    const square = mask.encode({ height: 2, width: 2, data: new Uint8Array(4) })
    const refused = (run: () => unknown, message: RegExp): void =>
      assert.throws(run, (error) => error instanceof CocoError && message.test(error.message))
    refused(
      () => mask.decode({ size: [5, 5], counts: [10, 5] }),
      /counts sum to 15, but height × width is 5 × 5 = 25/,
    )
    refused(() => mask.area({ size: [5, 5], counts: [30, -5] }), /counts\[1\] is -5/)
    refused(() => mask.area({ size: [5, 5], counts: 'i0 0' }), /character/)
    refused(() => mask.area({ size: [1, 5], counts: '5O5' }), /counts\[1\] is -1/)
    refused(() => mask.rleFrString('~'), /other characters/)
    refused(() => mask.area({ size: [5, 5], counts: 'i' }), /cut short/)
    refused(() => mask.area({ size: [0, 5], counts: [] }), /size is \[0,5\]/)
    refused(() => mask.encode({ height: 2, width: 2, data: new Uint8Array(5) }), /5 bytes/)
    refused(() => mask.merge([]), /at least one/)
    refused(() => mask.merge([square, { size: [1, 4], counts: [4] }]), /sizes must agree/)
    refused(() => mask.iou([square], [[0, 0, 1, 1]], [0]), /all boxes or all masks/)
    refused(() => mask.iou([square], [square], []), /iscrowd has 0 entries for 1/)
    refused(() => mask.frPyObjects([1, 2, 3], 5, 5), /neither a box/)
  })
})
