import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { packageRoot } from '../../src/shared/package-root.js'
import { readSafetensors, type Tensor, writeSafetensors } from '../../src/shared/safetensors.js'
import { temporaryFolder } from '../helpers/temporary-folder.js'

const golden = join(packageRoot(), 'test/shared/golden/python.safetensors')

/** What `golden/make-safetensors.py` puts in, in the order in which the reference writer lays it out. */
const expected = new Map<string, Tensor>([
  ['step', { shape: [1], data: new BigInt64Array([2n ** 53n + 1n]) }],
  ['scalar', { shape: [], data: new Float64Array([2.5]) }],
  ['cell_0/depthwise', { shape: [2, 3, 2], data: Float32Array.from({ length: 12 }, (_, i) => i / 8 - 0.5) }],
  ['empty', { shape: [0, 4], data: new Float32Array(0) }],
  ['labels', { shape: [3], data: new Int32Array([3, -1, 2 ** 31 - 1]) }],
  ['odd', { shape: [3], data: new Uint8Array([1, 2, 255]) }],
])
const metadata = { by: 'Python — ü' }

test('a file written by the Python package is read', async () => {
  const file = await readSafetensors(golden)
  assert.deepEqual([...file.tensors.keys()].sort(), [...expected.keys()].sort())
  for (const [name, tensor] of expected) assert.deepEqual(file.tensors.get(name), tensor)
  assert.deepEqual(file.metadata, metadata)
})

test('the same tensors are written byte for byte as the Python package writes them', async (t) => {
  const path = join(await temporaryFolder(t), 'ours.safetensors')
  await writeSafetensors(path, expected, { metadata, checksum: false })
  assert.deepEqual(await readFile(path), await readFile(golden))
})

test('what is written is read again, whatever its values, names and shapes', async (t) => {
  const path = join(await temporaryFolder(t), 'any.safetensors')
  const shape = fc.array(fc.nat(4), { maxLength: 3 })
  const tensor = shape.chain((sides) =>
    fc
      .array(fc.float(), {
        minLength: sides.reduce((a, b) => a * b, 1),
        maxLength: sides.reduce((a, b) => a * b, 1),
      })
      .map((values): Tensor => ({ shape: sides, data: Float32Array.from(values) })),
  )
  const name = fc.string({ minLength: 1 }).filter((text) => !['__metadata__', '__proto__'].includes(text))
  await fc.assert(
    fc.asyncProperty(fc.dictionary(name, tensor), fc.string(), async (tensors, note) => {
      const written = new Map(Object.entries(tensors))
      await writeSafetensors(path, written, { metadata: { note } })
      const read = await readSafetensors(path)
      assert.deepEqual(read.metadata, { note })
      assert.deepEqual(Object.fromEntries(read.tensors), Object.fromEntries(written))
    }),
    { numRuns: 50 },
  )
})

/** A file with this header (text or JSON) and so many bytes of data. */
function fileOf(header: unknown, dataBytes: number): Buffer {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(text.length))
  return Buffer.concat([length, text, Buffer.alloc(dataBytes)])
}

const f32 = (shape: unknown, begin: number, end: number, dtype: unknown = 'F32') => ({
  dtype,
  shape,
  data_offsets: [begin, end],
})

const damages: [string, Buffer, RegExp][] = [
  ['an empty file', Buffer.alloc(0), /it has 0 bytes/],
  ['a cut header', fileOf({ a: f32([2], 0, 8) }, 8).subarray(0, 20), /cut short within its header/],
  ['a huge header length', Buffer.alloc(16, 0xff), /length of its header is out of range/],
  ['a header that is not JSON', fileOf('{"a":', 0), /not JSON/],
  ['a list as header', fileOf([], 0), /not a JSON object/],
  ['metadata that are not texts', fileOf({ __metadata__: { a: 1 } }, 0), /not a table of texts/],
  ['an unknown dtype', fileOf({ a: f32([2], 0, 8, 'F7') }, 8), /"a" has the dtype "F7"/],
  ['a negative shape', fileOf({ a: f32([-2], 0, 8) }, 8), /no valid shape/],
  ['no offsets', fileOf({ a: { dtype: 'F32', shape: [2] } }, 8), /no valid data_offsets/],
  ['a shape of another size', fileOf({ a: f32([3], 0, 8) }, 8), /takes 12 bytes, but has 8/],
  ['overlapping tensors', fileOf({ a: f32([2], 0, 8), b: f32([2], 4, 12) }, 12), /"b" overlaps/],
  ['a gap', fileOf({ a: f32([2], 0, 8), b: f32([2], 12, 20) }, 20), /gap before "b"/],
  ['cut data', fileOf({ a: f32([2], 0, 8) }, 7), /cut short: its tensors need 8 bytes, but 7/],
  ['data too long', fileOf({ a: f32([2], 0, 8) }, 9), /1 bytes too many/],
]

test('every kind of damage is refused with the file named', async (t) => {
  const path = join(await temporaryFolder(t), 'bad.safetensors')
  for (const [what, bytes, message] of damages) {
    await writeFile(path, bytes)
    await assert.rejects(
      readSafetensors(path),
      (error: Error) =>
        error.name === 'UserError' && error.message.startsWith(path) && message.test(error.message),
      what,
    )
  }
  await assert.rejects(readSafetensors(`${path}.none`), /Cannot read .*none: it does not exist/)
})

test('the checksum is the SHA-256 of the file with zeros in its place', async (t) => {
  const path = join(await temporaryFolder(t), 'whole.safetensors')
  await writeSafetensors(path, expected, { metadata })
  const bytes = await readFile(path)
  const [, digits] = /"sha256":"([0-9a-f]{64})"/.exec(bytes.toString('latin1'))!
  bytes.fill('0', bytes.indexOf(digits), bytes.indexOf(digits) + 64)
  assert.equal(createHash('sha256').update(bytes).digest('hex'), digits)
})

test('a change of any byte is noticed: header length, header, padding and numbers', async (t) => {
  const path = join(await temporaryFolder(t), 'flipped.safetensors')
  await writeSafetensors(path, expected, { metadata: { step: '3', sha256_by: 'a', note: '"sha256":"' } })
  const whole = await readFile(path)
  assert.deepEqual((await readSafetensors(path)).metadata, { step: '3', sha256_by: 'a', note: '"sha256":"' })
  for (let at = 0; at < whole.length; at++)
    for (const bit of [at % 8, 5]) {
      const bytes = Buffer.from(whole)
      bytes[at] ^= 1 << bit
      await writeFile(path, bytes)
      await assert.rejects(
        readSafetensors(path),
        (error: Error) => error.name === 'UserError' && error.message.startsWith(path),
        `byte ${at}, bit ${bit}`,
      )
    }
})

test('files whose checksum covers the numbers alone, as earlier versions wrote them, are still checked', async (t) => {
  const path = join(await temporaryFolder(t), 'earlier.safetensors')
  const numbers = Buffer.from(new Float32Array([1, -2]).buffer)
  const sha256 = createHash('sha256').update(numbers).digest('hex')
  const file = fileOf({ __metadata__: { step: '3', sha256 }, a: f32([2], 0, 8) }, 8)
  numbers.copy(file, file.length - 8)
  await writeFile(path, file)
  assert.deepEqual((await readSafetensors(path)).metadata, { step: '3' })
  file[file.length - 1] ^= 1
  await writeFile(path, file)
  await assert.rejects(readSafetensors(path), /checksum/)
})
