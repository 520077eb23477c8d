import assert from 'node:assert/strict'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { it } from 'node:test'
import { openKerasWeights } from '../../../src/weights/keras/open-keras.js'
import { type KerasLayer, writeKerasWeights } from '../../../src/weights/keras/write-keras.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'
import { contentsOf, kerasFile, shapes, tinyModel } from '../../helpers/weights/keras-files.js'

const classes: [RegExp, string][] = [
  [/bn/, 'BatchNormalization'],
  [/^separable/, 'SeparableConv2D'],
  [/^predictions/, 'Dense'],
  [/./, 'Conv2D'],
]

/** The tiny model's layers, in its order, with what a file of Keras holds. */
async function layersOf(file: string): Promise<KerasLayer[]> {
  const source = await openKerasWeights(kerasFile(file))
  try {
    const layers = new Map<string, KerasLayer & { variables: KerasLayer['variables'][number][] }>()
    for (const path of Object.keys(shapes)) {
      const [name, variable] = path.split('/')
      const [, className] = classes.find(([pattern]) => pattern.test(name))!
      if (!layers.has(name)) layers.set(name, { name, className, variables: [] })
      const data = await source.read(path)
      layers.get(name)!.variables.push({ name: variable, shape: shapes[path], data })
    }
    return [...layers.values()]
  } finally {
    await source.close()
  }
}

it('what is written as .h5 is read again, under the same names and in the same order', async (t) => {
  const path = join(await temporaryFolder(t), 'a.h5')
  await writeKerasWeights(path, await layersOf('model.h5'))
  const contents = await contentsOf(path)
  assert.deepEqual(contents, tinyModel())
  assert.deepEqual(Object.keys(contents), Object.keys(shapes))
})

it('what is written as .weights.h5 is what Keras itself writes', async (t) => {
  const path = join(await temporaryFolder(t), 'a.weights.h5')
  await writeKerasWeights(path, await layersOf('model.h5'))
  assert.deepEqual(await contentsOf(path), await contentsOf(kerasFile('model.weights.h5')))
})

for (const extension of ['.h5', '.weights.h5'])
  it(`every bit is kept in ${extension}, of scalars and of tensors without numbers too`, async (t) => {
    const path = join(await temporaryFolder(t), `a${extension}`)
    const bits = new Uint32Array([0x7fc01234, 0xffc00001, 1, 0x80000000, 0x7f800000, 0x3f800001])
    const variables = [
      { name: 'kernel', shape: [2, 3], data: new Float32Array(bits.buffer) },
      { name: 'bias', shape: [], data: Float32Array.of(0.1) },
    ]
    const empty = {
      name: 'empty',
      className: 'Dense',
      variables: [{ name: 'kernel', shape: [0, 4], data: new Float32Array(0) }],
    }
    await writeKerasWeights(path, [{ name: 'a', className: 'Dense', variables }, empty])
    const source = await openKerasWeights(path)
    t.after(() => source.close())
    assert.deepEqual(new Uint32Array((await source.read('a/kernel')).buffer as ArrayBuffer), bits)
    assert.deepEqual(await source.read('a/bias'), Float32Array.of(0.1))
    assert.deepEqual(source.tensors.get('empty/kernel')?.shape, [0, 4])
    assert.equal((await source.read('empty/kernel')).length, 0)
  })

it('a tensor that is larger than what is read at once is read whole', async (t) => {
  const path = join(await temporaryFolder(t), 'a.h5')
  const data = Float32Array.from({ length: 5 * 2 ** 21 }, (_, i) => i % 65521)
  await writeKerasWeights(path, [
    { name: 'a', className: 'Dense', variables: [{ name: 'kernel', shape: [5, 2 ** 21], data }] },
  ])
  const source = await openKerasWeights(path)
  t.after(() => source.close())
  assert.equal(
    Buffer.compare(Buffer.from((await source.read('a/kernel')).buffer), Buffer.from(data.buffer)),
    0,
  )
})

it('names of more layers than fit into an attribute are kept', async (t) => {
  const path = join(await temporaryFolder(t), 'a.h5')
  const layers = Array.from({ length: 300 }, (_, i) => ({
    name: `layer_${'x'.repeat(300)}_${i}`,
    className: 'Dense',
    variables: [{ name: 'bias', shape: [1], data: Float32Array.of(i) }],
  }))
  await writeKerasWeights(path, layers)
  const contents = await contentsOf(path)
  assert.deepEqual(
    Object.entries(contents).map(([name, { numbers }]) => [name, numbers[0]]),
    layers.map(({ name }, i) => [`${name}/bias`, i]),
  )
})

it('what fails leaves nothing, and leaves what was there', async (t) => {
  const folder = await temporaryFolder(t)
  const layers = await layersOf('model.h5')
  const wrong = {
    name: 'wrong',
    className: 'Dense',
    variables: [{ name: 'bias', shape: [2], data: new Float32Array(3) }],
  }
  const path = join(folder, 'a.h5')
  await writeFile(path, 'before')
  await assert.rejects(
    writeKerasWeights(path, [...layers, wrong]),
    /wrong\/bias of shape \[2\] holds 3 numbers/,
  )
  // Twice the same layer: what HDF5 itself refuses in the middle of the work.
  await assert.rejects(writeKerasWeights(path, [...layers, layers[0]]), {
    name: 'UserError',
    message: `Cannot write ${path}: it cannot be written`,
  })
  await assert.rejects(writeKerasWeights(join(folder, 'a.keras'), layers), {
    name: 'UserError',
    message: /end in \.weights\.h5 or \.h5$/,
  })
  await assert.rejects(writeKerasWeights(join(folder, 'nowhere', 'a.h5'), layers), { name: 'UserError' })
  assert.equal(await readFile(path, 'utf8'), 'before')
  assert.deepEqual(await readdir(folder), ['a.h5'])
})
