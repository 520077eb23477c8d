/** The published sizes of NASNet-A as Keras and timm have them, in their own programs, where $PYTHON has these. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { nasnet, PRESETS, type StridedPools } from '../../models/index.js'
import { packageRoot } from '../../src/shared/package-root.js'
import { readSafetensors } from '../../src/shared/safetensors.js'
import { classifierSpecs } from '../../src/train/classification/step.js'
import { layoutOf } from '../../src/train/step/flat-state.js'
import { imageGraph, openImageGraph } from '../../src/train/step/image-graph.js'
import { temporaryFolder } from '../helpers/temporary-folder.js'

const python = process.env.PYTHON ?? 'python3'
const script = join(packageRoot(), 'test/models/golden/write_network.py')
const execute = promisify(execFile)

const canImport = (modules: string): Promise<boolean> =>
  execute(python, [
    '-c',
    `import importlib.util as u, sys
sys.exit(0 if all(u.find_spec(name) for name in '${modules}'.split()) else 1)`,
  ]).then(
    () => true,
    () => false,
  )

const [keras, timm] = await Promise.all([canImport('keras tensorflow'), canImport('torch timm')])

const NETWORKS = [
  ['keras-mobile', 'nasnet-a-mobile', 'keras', keras],
  ['keras-large', 'nasnet-a-large', 'keras', keras],
  ['timm-large', 'nasnet-a-large', 'timm', timm],
] as const

/** The logits of the exported network on one image. */
async function logitsOf(folder: string, preset: keyof typeof PRESETS, stridedPools: StridedPools) {
  const { tensors } = await readSafetensors(join(folder, 'weights.safetensors'))
  const { config, inputSize } = PRESETS[preset]
  const network = nasnet({ ...config, auxiliaryHead: false, stridedPools })
  const specs = classifierSpecs(network, 1, inputSize)
  const { slots, parameters, statistics } = layoutOf(specs.parameters)
  assert.deepEqual(slots.map(({ path }) => path).sort(), [...tensors.keys()].sort())
  const state: Record<string, Float32Array> = {
    parameters: new Float32Array(parameters),
    statistics: new Float32Array(statistics),
  }
  for (const { path, shape, vector, offset } of slots) {
    const tensor = tensors.get(path)!
    assert.deepEqual(tensor.shape, shape, path)
    state[vector].set(tensor.data as Float32Array, offset)
  }
  const model = imageGraph({ specs, state, imageSize: inputSize }, (ctx, images) => ({
    logits: network(ctx, images).logits,
  }))
  const graph = await openImageGraph(model, { imageSize: inputSize, output: 'logits' })
  const logits = await graph.run(new Uint8Array(await readFile(join(folder, 'image.rgb'))), 1)
  await graph.close()
  return logits
}

const largestDifference = (a: Float32Array, b: Float32Array) =>
  a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - b[i])), 0)

for (const [name, preset, pools, installed] of NETWORKS)
  test(`${name}: the same logits with ${pools}'s pools, others without`, {
    skip: !installed && `${python} has no ${pools}`,
  }, async (t) => {
    const folder = await temporaryFolder(t)
    await execute(python, ['-B', script, name, folder])
    const expected = new Float32Array(new Uint8Array(await readFile(join(folder, 'logits.f32'))).buffer)
    const mean = expected.reduce((sum, value) => sum + value, 0) / expected.length
    const deviation = Math.sqrt(expected.reduce((sum, v) => sum + (v - mean) ** 2, 0) / expected.length)
    assert.ok(deviation > 0.5, `logits all alike (${deviation}) would prove little`)
    const difference = async (as: StridedPools) =>
      largestDifference(await logitsOf(folder, preset, as), expected) / deviation
    const [same, other] = [await difference(pools), await difference('slim')]
    t.diagnostic(
      `standard deviation ${deviation.toFixed(2)}; of it, the largest difference is ${same.toExponential(1)}, with Slim's pools ${other.toFixed(3)}`,
    )
    assert.ok(same < 1e-4, `${same}`)
    assert.ok(other > 0.01, `${other}`)
  })
