/** Reading a model's card from files that Python's onnx wrote, and from files that are no models. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdtemp, open, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { UserError } from '../../src/shared/errors.js'
import { cardFromMetadata, cardToMetadata, type ModelCard } from '../../src/shared/model-card.js'
import { readModelCard } from '../../src/shared/read-model.js'

let root = dirname(fileURLToPath(import.meta.url))
while (!existsSync(join(root, 'package.json'))) root = dirname(root)
const golden = join(root, 'test/serve/golden/quadrants.onnx')

describe('readModelCard', () => {
  let folder: string
  let path: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'card-'))
    path = join(folder, 'model.onnx')
  })
  after(() => rm(folder, { recursive: true }))

  it('reads what the onnx package wrote', async () => {
    const card = await readModelCard(golden)
    assert.deepEqual(
      { ...card, labels: card.labels.slice(0, 4) },
      {
        task: 'classification',
        name: 'quadrants',
        labels: ['top left red', 'top left green', 'top left blue', 'top right red'],
        inputSize: [16, 24],
        about: { seed: 7 },
      },
    )
  })

  it('steps over a graph of a gigabyte', async () => {
    // ir_version 9; graph of 2^30 bytes, a hole in the file; then the golden file's own metadata.
    const whole = await readFile(golden)
    const metadata = whole.subarray(whole.indexOf(Buffer.from('\x0a\x04task')) - 2)
    const head = Buffer.from([0x08, 9, 0x3a, 0x80, 0x80, 0x80, 0x80, 0x04])
    await writeFile(path, head)
    await truncate(path, head.length + 2 ** 30)
    const file = await open(path, 'a')
    await file.write(metadata)
    await file.close()
    const before = process.memoryUsage().rss
    assert.equal((await readModelCard(path)).name, 'quadrants')
    assert.ok(process.memoryUsage().rss - before < 2 ** 28)
    await rm(path)
  })

  it('refuses a file that is cut off anywhere before its last entry', async () => {
    const whole = await readFile(golden)
    const last = whole.indexOf(Buffer.from('about.seed')) - 4
    for (let length = 0; length < last; length += length < 64 ? 1 : 7) {
      await writeFile(path, whole.subarray(0, length))
      await assert.rejects(
        readModelCard(path),
        (error) => error instanceof UserError && error.message.includes(path),
      )
    }
  })

  it('refuses any other bytes with a plain error', async () => {
    const property = fc.asyncProperty(fc.uint8Array({ maxLength: 60 }), async (bytes) => {
      await writeFile(path, bytes)
      await assert.rejects(readModelCard(path), UserError)
    })
    await fc.assert(property, { numRuns: 200 })
  })
})

describe('the card as metadata', () => {
  const card: ModelCard = {
    task: 'detection',
    name: 'ä "b"',
    labels: ['x', ''],
    inputSize: [3, 4],
    about: { a: [1, null] },
    categoryIds: [7, 3],
    resize: 'letterbox',
  }

  it('comes back as it was', () => {
    assert.deepEqual(cardFromMetadata(cardToMetadata(card)), card)
    const { categoryIds, resize, ...rest } = card as Extract<ModelCard, { task: 'detection' }>
    const classifier: ModelCard = { ...rest, task: 'classification' }
    assert.deepEqual(cardFromMetadata(cardToMetadata(classifier)), classifier)
    const imported: ModelCard = { ...classifier, preprocessing: 'slim' }
    assert.equal(cardToMetadata(imported).preprocessing, 'slim')
    assert.deepEqual(cardFromMetadata(cardToMetadata(imported)), imported)
  })

  it('has a preprocessing that is known', () => {
    const metadata = { ...cardToMetadata(card), task: 'classification', preprocessing: 'caffe' }
    assert.throws(() => cardFromMetadata(metadata), /its metadata "preprocessing" is "caffe", but must be/)
  })

  it('names the field that is missing or malformed', () => {
    const metadata = cardToMetadata(card)
    for (const key of ['task', 'name', 'labels', 'input_size']) {
      const { [key]: _, ...rest } = metadata
      assert.throws(() => cardFromMetadata(rest), new RegExp(`no "${key}"`))
    }
    const wrong: [string, string][] = [
      ['task', 'other'],
      ['labels', '[1]'],
      ['labels', '{'],
      ['input_size', '[0, 3]'],
      ['input_size', '[3]'],
      ['about.a', 'x'],
    ]
    for (const [key, value] of wrong)
      assert.throws(() => cardFromMetadata({ ...metadata, [key]: value }), new RegExp(key))
  })

  it('that could not be read again is refused', () => {
    for (const change of [{ labels: [7] }, { inputSize: [0, 3] }, { categoryIds: [1] }, { resize: 'crop' }])
      assert.throws(
        () => cardToMetadata({ ...card, ...change } as never),
        (error) =>
          error instanceof UserError && /^The model's card could not be read again: its /.test(error.message),
      )
  })
})
