import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import sharp from 'sharp'
import { NASNET_A } from '../../models/index.js'
import { drawGenotype } from '../../src/drawing/draw-cell.js'
import { cells } from '../helpers/search/arbitrary-cells.js'

test('NASNet-A: its operations, both titles, and the same drawing each time', async () => {
  const svg = drawGenotype(NASNET_A)
  const titles = [...svg.matchAll(/<title>(block \d, \w+: [^<]+)<\/title>/g)].map(([, title]) => title)
  assert.equal(titles.length, 20)
  assert.ok(titles.includes('block 2, left: sep 5×5 of h(i)'))
  assert.ok(titles.includes('block 5, left: identity of block 3'))
  assert.match(svg, />Normal cell<.*>Reduction cell</s)
  assert.match(svg, /^<svg [^>]*>\n<title>Normal cell, Reduction cell<\/title>/)
  assert.equal(svg, drawGenotype(NASNET_A))
  const { width, height } = await sharp(Buffer.from(svg)).metadata()
  assert.ok(width <= 1024 && height < width, `${width} × ${height}`)
})

test('three cells, of any kind, are pictures that a renderer can read', async () => {
  await fc.assert(
    fc.asyncProperty(cells(10), cells(10), cells(10), async (normal, reduction, expansion) => {
      const svg = drawGenotype({ normal, reduction, expansion })
      assert.doesNotMatch(svg, /NaN|undefined|Infinity/)
      const { width } = await sharp(Buffer.from(svg)).metadata()
      assert.equal(String(width), /width="(\d+)"/.exec(svg)![1])
    }),
    { numRuns: 8 },
  )
})
