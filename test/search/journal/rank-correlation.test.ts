import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { kendallTau } from '../../../src/search/journal/rank-correlation.js'
import { packageRoot } from '../../../src/shared/package-root.js'

test("Kendall's τ-b equals SciPy's, with ties and without", () => {
  const path = `${packageRoot()}/test/search/golden/kendall.json`
  const cases: { a: number[]; b: number[]; tau: number }[] = JSON.parse(readFileSync(path, 'utf8'))
  assert.ok(cases.length >= 15)
  for (const { a, b, tau } of cases) assert.ok(Math.abs(kendallTau(a, b) - tau) < 1e-12, `${a} and ${b}`)
})

test('τ is 1 for the same order, −1 for the reverse, and no number where all are equal', () => {
  assert.equal(kendallTau([1, 2, 5], [10, 20, 21]), 1)
  assert.equal(kendallTau([1, 2, 5], [3, 2, 1]), -1)
  assert.equal(kendallTau([1, 1, 1], [3, 2, 1]), Number.NaN)
})
