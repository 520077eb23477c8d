import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { contentsOf, kerasFile, numbersOf, tinyModel } from '../../helpers/weights/keras-files.js'

/** The batch norm of which Keras 3 without a configuration does not say that it lacks gamma, and not beta. */
const numbered: Record<string, string> = {
  'separable_conv_1_bn_normal_left1_0/beta': 'separable_conv_1_bn_normal_left1_0/0',
  'separable_conv_1_bn_normal_left1_0/moving_mean': 'separable_conv_1_bn_normal_left1_0/1',
  'separable_conv_1_bn_normal_left1_0/moving_variance': 'separable_conv_1_bn_normal_left1_0/2',
}

const withNumbers = (contents: object): object =>
  Object.fromEntries(Object.entries(contents).map(([name, tensor]) => [numbered[name] ?? name, tensor]))

describe('the same names and numbers are read from every form in which Keras saves a model', () => {
  for (const name of [
    'weights.keras2.h5',
    'model.h5',
    'model.keras',
    'deflated.keras',
    // Holds the names of layers in its configuration only.
    'model.keras2.keras',
  ])
    it(name, async () => assert.deepEqual(await contentsOf(kerasFile(name)), tinyModel()))

  for (const [name, dtype] of [
    ['model.weights.h5', 'float32'],
    ['float16.weights.h5', 'float16'],
    ['bfloat16.weights.h5', 'bfloat16'],
  ])
    it(`${name}, where variables that cannot be told apart keep their numbers`, async () =>
      assert.deepEqual(await contentsOf(kerasFile(name)), withNumbers(tinyModel(dtype))))

  it('float64.h5', async () =>
    assert.deepEqual(await contentsOf(kerasFile('float64.h5')), tinyModel('float64')))
})

for (const name of ['nested.h5', 'nested.keras'])
  it(`layers of a model within a model have their own names, unless one outside has it too: ${name}`, async () => {
    const { 'stem_conv1/kernel': inner, ...rest } = tinyModel()
    const outer = (variable: string, shape: number[]) => ({
      shape,
      dtype: 'float32',
      numbers: numbersOf(`stem_conv1/${variable}`, shape),
    })
    assert.deepEqual(await contentsOf(kerasFile(name)), {
      ...rest,
      'NASNet/stem_conv1/kernel': inner,
      'stem_conv1/kernel': outer('kernel', [1, 1, 2, 2]),
      'stem_conv1/bias': outer('bias', [2]),
    })
  })

it('data that is compressed, checked and big-endian is read', async () => {
  const numbers = Array.from({ length: 60 }, (_, i) => i)
  assert.deepEqual(await contentsOf(kerasFile('compressed.h5')), {
    'a/kernel': { shape: [20, 3], dtype: 'float32', numbers },
  })
})

it('lists of names that are cut into several attributes are read', async () => {
  const layer = (i: number) => ({ shape: [2], dtype: 'int64', numbers: [i, i] })
  const layers = { 'a/bias': layer(0), 'b/bias': layer(1), 'c/bias': layer(2) }
  assert.deepEqual(await contentsOf(kerasFile('cut-lists.h5')), layers)
})
