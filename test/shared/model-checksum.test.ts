/** What is noticed in model files that changed after they were exported, with a checksum and without one. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { InferenceSession } from 'onnxruntime-node'
import { encodeModel } from '../../src/engine/onnx/encode.js'
import { UserError } from '../../src/shared/errors.js'
import { cardToMetadata, type ModelCard } from '../../src/shared/model-card.js'
import { withChecksum } from '../../src/shared/model-checksum.js'
import { readModel, readModelCard } from '../../src/shared/read-model.js'
import { temporaryFolder } from '../helpers/temporary-folder.js'

let root = dirname(fileURLToPath(import.meta.url))
while (!existsSync(join(root, 'package.json'))) root = dirname(root)
const golden = join(root, 'test/serve/golden/quadrants.onnx')

const card: ModelCard = {
  task: 'classification',
  name: 'small',
  labels: ['a', 'b'],
  inputSize: [2, 2],
  about: {},
}

/** A file as this project's exporter wrote it before there were checksums: one product with the weights given. */
function withoutChecksum(weights: number[]): Uint8Array {
  return encodeModel(
    {
      nodes: [{ op: 'MatMul', domain: '', inputs: ['x', 'w'], outputs: ['probabilities'], attributes: {} }],
      initializers: [
        { name: 'w', type: 'float32', shape: [weights.length / 2, 2], data: Float32Array.from(weights) },
      ],
      inputs: [{ name: 'x', type: 'float32', shape: [1, weights.length / 2] }],
      outputs: [{ name: 'probabilities', type: 'float32', shape: [1, 2] }],
    },
    cardToMetadata(card),
  )
}

async function fileOf(t: TestContext, bytes: Uint8Array): Promise<string> {
  const path = join(await temporaryFolder(t), 'model.onnx')
  await writeFile(path, bytes)
  return path
}

const names = (path: string) => (error: unknown) => error instanceof UserError && error.message.includes(path)

test('an exported file is read whole, runs, and carries the SHA-256 of itself with zeros in its place', async (t) => {
  const exported = withChecksum(withoutChecksum([1, 2, 3, 4]))
  const path = await fileOf(t, exported)
  const model = await readModel(path)
  assert.deepEqual(model.card, card)
  assert.equal(model.verified, true)
  assert.deepEqual(Buffer.from(model.bytes), Buffer.from(exported))
  assert.deepEqual(await readModelCard(path), card)

  const digits = /sha256.@([0-9a-f]{64})$/.exec(Buffer.from(exported).toString('latin1'))![1]
  const zeroed = Buffer.from(exported)
  zeroed.fill('0', zeroed.length - 64)
  assert.equal(digits, createHash('sha256').update(zeroed).digest('hex'))

  const session = await InferenceSession.create(model.bytes)
  assert.deepEqual(session.inputNames, ['x'])
  await session.release()
})

test('a change of any byte is refused, in the weights, the card, the description and the checksum itself', async (t) => {
  const exported = withChecksum(await readFile(golden))
  const path = await fileOf(t, exported)
  assert.equal((await readModel(path)).verified, true)
  for (let at = 0; at < exported.length; at++) {
    const changed = Buffer.from(exported)
    changed[at] ^= 1 << (at % 8)
    await writeFile(path, changed)
    await assert.rejects(readModel(path), names(path), `byte ${at}`)
    await assert.rejects(readModelCard(path), names(path), `byte ${at}`)
  }
})

test('a file that is cut off anywhere is refused, before its checksum too', async (t) => {
  const exported = withChecksum(await readFile(golden))
  const path = await fileOf(t, exported)
  for (let length = 0; length < exported.length; length++) {
    await writeFile(path, exported.subarray(0, length))
    await assert.rejects(readModel(path), names(path), `${length} bytes`)
  }
})

test('files without a checksum are read, and are said to be unverified', async (t) => {
  assert.equal((await readModel(golden)).verified, false)
  const path = await fileOf(t, withoutChecksum([0.5, -300, 0, 1e-38]))
  const model = await readModel(path)
  assert.deepEqual([model.card, model.verified], [card, false])
})

test('a weight that no training gives is refused where there is no checksum', async (t) => {
  const path = await fileOf(t, new Uint8Array())
  const flipped = Buffer.from(withoutChecksum([0.5, -0.037, 0.25, 1]))
  const weight = Buffer.alloc(4)
  weight.writeFloatLE(-0.037)
  flipped[flipped.indexOf(weight) + 3] ^= 0x40
  for (const bytes of [
    flipped,
    withoutChecksum([Number.NaN, 1]),
    withoutChecksum([1, Number.NEGATIVE_INFINITY]),
  ]) {
    await writeFile(path, bytes)
    await assert.rejects(readModel(path), /one of its weights is (-1\.26e\+37|NaN|-Infinity)/)
    await assert.rejects(readModelCard(path), names(path))
  }
})
