import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ImageSource } from '../../../datasets/classification/image-source.js'
import { splitSource, splitTrainValidation } from '../../../datasets/index.js'

const labels = Int32Array.from({ length: 100 }, (_, i) => (i * 7) % 3)
const classes = ['a', 'b', 'c']

const source: ImageSource = {
  ...{ name: 'data train', classes, count: 100, labels, shards: Uint32Array.of(0, 10, 12, 13, 60) },
  place: (index) => ({ title: `image ${index}`, path: '', offset: index, bytes: 1 }),
}

const indicesOf = (part: ImageSource): number[] =>
  Array.from({ length: part.count }, (_, i) => part.place(i).offset)

test('the images held out of a source are those held out of a set in memory', () => {
  const set = { name: 'data train', classes, count: 100, labels, height: 1, width: 1 }
  const pixels = Uint8Array.from({ length: 300 }, (_, i) => Math.floor(i / 3))
  for (const [validation, seed] of [
    [20, 0],
    [1, 3],
    [99, 7],
  ]) {
    const inMemory = splitTrainValidation({ ...set, pixels }, { validation, seed })
    const held = splitSource(source, { validation, seed })
    for (const part of ['train', 'validation'] as const) {
      const expected = Array.from({ length: inMemory[part].count }, (_, i) => inMemory[part].pixels[3 * i])
      assert.deepEqual(indicesOf(held[part]), expected)
      assert.deepEqual(held[part].labels, inMemory[part].labels)
      assert.equal(held[part].name, inMemory[part].name)
    }
  }
})

test('shards begin at their first image that is left, and those without one are gone', () => {
  const shardOf = (index: number): number => source.shards!.filter((start) => start <= index).length - 1
  for (const validation of [5, 50, 95]) {
    const parts = splitSource(source, { validation, seed: 1 })
    for (const part of [parts.train, parts.validation]) {
      const shards = indicesOf(part).map(shardOf)
      const starts = shards.flatMap((shard, i) => (shard === shards[i - 1] ? [] : i))
      assert.deepEqual([...part.shards!], starts)
    }
  }
  const { train } = splitSource({ ...source, shards: null }, { validation: 5, seed: 1 })
  assert.equal(train.shards, null)
})

test('a validation part that is no part of the images is refused', () => {
  for (const validation of [0, 100, 1.5])
    assert.throws(
      () => splitSource(source, { validation, seed: 0 }),
      /^DatasetError: Cannot hold .* validation images out of the 100 of "data train"; give a whole number from 1 to 99 as --validation, or 0 for none\.$/,
    )
})
