/** RandAugment against torchvision's, whose operations are Pillow's (`golden/make_randaugment.py`). */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { random } from '../../../src/shared/random.js'
import {
  amountOf,
  applyOperations,
  drawOperations,
  type OperationName,
} from '../../../src/train/randaugment/randaugment.js'

interface Golden {
  width: number
  height: number
  pixels: string
  operations: { name: OperationName; magnitude: number; sign: number; amount: number; result: string }[]
}

const golden: Golden = JSON.parse(
  readFileSync(
    new URL('../../../../test/train/randaugment/golden/randaugment.json', import.meta.url),
    'utf8',
  ),
)
const { width, height } = golden
const image = { data: new Uint8Array(Buffer.from(golden.pixels, 'base64')), width, height }

for (const { name, magnitude, sign, amount, result } of golden.operations)
  test(`${name} of magnitude ${magnitude}${sign < 0 ? ', negated,' : ''} is torchvision's to the bit`, () => {
    const own = amountOf(name, magnitude, image)
    if (name !== 'Identity' && name !== 'AutoContrast' && name !== 'Equalize')
      assert.ok(Math.abs(own - amount) < 1e-4, `an amount of ${own} instead of ${amount}`)
    const before = image.data.slice()
    const changed = applyOperations(image, [{ name, amount: sign * amount }])
    assert.deepEqual(changed, new Uint8Array(Buffer.from(result, 'base64')))
    assert.deepEqual(image.data, before, 'the image itself stays')
  })

test('all operations are drawn equally often, signed ones with both signs, and equal draws repeat', () => {
  const config = { operations: 2, magnitude: 9 }
  const draw = (i: number) => drawOperations(config, image, random(1, i).uniform)
  const drawn = Array.from({ length: 7000 }, (_, i) => draw(i)).flat()
  assert.deepEqual(draw(5), draw(5))
  const names = new Set(golden.operations.map(({ name }) => name))
  assert.equal(names.size, 14)
  for (const name of names) {
    const own = drawn.filter((one) => one.name === name)
    assert.ok(own.length > 880 && own.length < 1120, `${name}: ${own.length} of 14,000`)
    const negative = own.filter(({ amount }) => amount < 0).length
    const isSigned = golden.operations.some((one) => one.name === name && one.sign < 0)
    if (isSigned) assert.ok(negative > 400 && negative < 600, `${name}: ${negative} negated`)
    else assert.equal(negative, 0, name)
  }
})

test('several operations work one after the other', () => {
  const first = { name: 'Rotate', amount: 12 } as const
  const second = { name: 'Contrast', amount: -0.4 } as const
  const between = applyOperations(image, [first])
  assert.deepEqual(
    applyOperations(image, [first, second]),
    applyOperations({ ...image, data: between }, [second]),
  )
})
