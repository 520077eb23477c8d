import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Group, stratify } from '../../../datasets/splitting/stratify.js'
import { random } from '../../../src/shared/random.js'

const group = (images: number, ...categories: number[]): Group => ({
  images,
  categories: new Map(categories.map((category) => [category, images])),
})

/** Images with each category in each part. */
function countsOf(groups: readonly Group[], parts: readonly number[], categories: number): number[][] {
  const counts = Array.from({ length: Math.max(...parts) + 1 }, () => new Array<number>(categories).fill(0))
  for (const [i, { categories }] of groups.entries())
    for (const [category, count] of categories) counts[parts[i]][category] += count
  return counts
}

describe('stratify', () => {
  it('gives every category its share, of images with several', () => {
    const { uniform } = random(3, 'test')
    // Each image has each category with another chance, from one in two to one in forty.
    const chances = [0.5, 0.3, 0.2, 0.1, 0.05, 0.025]
    const groups = Array.from({ length: 600 }, () =>
      group(1, ...chances.flatMap((chance, i) => (uniform() < chance ? [i] : []))),
    )
    const parts = stratify(groups, [0.7, 0.2, 0.1], 1)
    const [train, val, test] = countsOf(groups, parts, chances.length)
    for (const [i, count] of train.entries()) {
      const total = count + val[i] + test[i]
      assert.ok(Math.abs(val[i] - 0.2 * total) <= 2, `category ${i}: ${val[i]} of ${total} in val`)
      assert.ok(Math.abs(test[i] - 0.1 * total) <= 2, `category ${i}: ${test[i]} of ${total} in test`)
    }
    const sizes = [0, 1, 2].map((part) => parts.filter((one) => one === part).length)
    assert.ok(Math.abs(sizes[1] - 120) <= 12 && Math.abs(sizes[2] - 60) <= 12, `${sizes}`)
    assert.deepEqual(stratify(groups, [0.7, 0.2, 0.1], 1), parts)
    assert.notDeepEqual(stratify(groups, [0.7, 0.2, 0.1], 2), parts)
  })

  it('keeps groups whole, and gives their images their share', () => {
    const groups = [30, 20, 10, 10, 10, 10, 5, 5].map((images, i) => group(images, i % 2))
    const parts = stratify(groups, [0.8, 0.2], 1)
    const [train, val] = countsOf(groups, parts, 2)
    assert.deepEqual([train[0] + val[0], train[1] + val[1]], [55, 45])
    assert.ok(val[0] >= 5 && val[0] <= 15 && val[1] >= 5 && val[1] <= 15, `${val}`)
  })

  it('distributes images without a category by their number', () => {
    const parts = stratify(
      Array.from({ length: 10 }, () => group(1)),
      [0.8, 0.2],
      1,
    )
    assert.equal(parts.filter((part) => part === 1).length, 2)
  })
})
