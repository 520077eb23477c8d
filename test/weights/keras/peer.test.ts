/** NASNet's weight files beside Keras itself, where $PYTHON or python3 can import it. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'
import { openKerasWeights } from '../../../src/weights/keras/open-keras.js'
import { type KerasLayer, writeKerasWeights } from '../../../src/weights/keras/write-keras.js'
import type { TensorSource } from '../../../src/weights/source.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'

const run = promisify(execFile)
const python = process.env.PYTHON ?? 'python3'
const found = await run(python, ['-c', 'import keras.applications, h5py']).then(
  () => true,
  () => false,
)

/** Runs a script in a folder. */
async function keras(folder: string, script: string): Promise<void> {
  const head = `
import hashlib, json, os
import keras, numpy as np
NASNetMobile = keras.applications.NASNetMobile
def digest(variable):
    return hashlib.sha256(np.ascontiguousarray(variable, dtype="<f4").tobytes()).hexdigest()
`
  const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3', CUDA_VISIBLE_DEVICES: '' }
  await run(python, ['-c', head + script], { cwd: folder, env, maxBuffer: 2 ** 26 })
}

interface Described {
  layer: string
  className: string
  name: string
  shape: number[]
  sha256: string
}

const sha256 = (numbers: Float32Array): string =>
  createHash('sha256')
    .update(new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength))
    .digest('hex')

async function assertSame(source: TensorSource, described: Described[]): Promise<void> {
  assert.equal(source.tensors.size, described.length)
  for (const { layer, name, shape, sha256: expected } of described) {
    const path = `${layer}/${name}`
    assert.deepEqual(source.tensors.get(path)?.shape, shape, path)
    assert.equal(sha256(await source.read(path)), expected, path)
  }
}

describe('weights of NASNetMobile beside Keras', {
  skip: !found && 'Python’s keras is not installed',
}, () => {
  it('all its forms hold the model’s numbers, and Keras loads what is written here as the same model', async (t) => {
    const folder = await temporaryFolder(t)
    // Statistics of batch norm would be 0 and 1.
    await keras(
      folder,
      `
model = NASNetMobile(weights=None)
draw = np.random.default_rng(1)
for variable in model.weights:
    positive = variable.name in ("gamma", "moving_variance")
    variable.assign(draw.uniform(0.5, 1.5, variable.shape) if positive else draw.normal(0, 0.1, variable.shape))
model.save("model.keras")
model.save("model.h5")
model.save_weights("model.weights.h5")
json.dump([
    dict(layer=layer.name, className=type(layer).__name__, name=v.name, shape=list(v.shape), sha256=digest(v))
    for layer in model.layers for v in layer.weights
], open("model.json", "w"))
`,
    )
    const described: Described[] = JSON.parse(await readFile(join(folder, 'model.json'), 'utf8'))
    assert.ok(described.length > 1000)
    const layers = new Map<string, KerasLayer & { variables: KerasLayer['variables'][number][] }>()
    for (const form of ['model.keras', 'model.weights.h5', 'model.h5']) {
      const source = await openKerasWeights(join(folder, form))
      t.after(() => source.close())
      await assertSame(source, described)
      if (form === 'model.h5')
        for (const { layer, className, name, shape } of described) {
          if (!layers.has(layer)) layers.set(layer, { name: layer, className, variables: [] })
          const data = await source.read(`${layer}/${name}`)
          layers.get(layer)!.variables.push({ name, shape, data })
        }
    }
    for (const form of ['written.h5', 'written.weights.h5'])
      await writeKerasWeights(join(folder, form), [...layers.values()])
    await keras(
      folder,
      `
images = np.random.default_rng(2).uniform(-1, 1, (2, 224, 224, 3)).astype(np.float32)
expected = keras.models.load_model("model.keras")
for form in ("written.h5", "written.weights.h5"):
    loaded = NASNetMobile(weights=None)
    loaded.load_weights(form)
    for model in (loaded, NASNetMobile(weights=form)):
        for a, b in zip(model.weights, expected.weights, strict=True):
            assert np.array_equal(a, b), a.path
    answers = loaded.predict(images, verbose=0)
    assert np.isfinite(answers).all() and answers.std() > 0
    assert np.array_equal(answers, expected.predict(images, verbose=0))
`,
    )
  })
})
