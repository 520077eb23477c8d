import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { isUserError } from '../../../src/shared/errors.js'
import { writeZip } from '../../helpers/datasets/zip-writer.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'
import { contentsOf, kerasFile, tinyModel } from '../../helpers/weights/keras-files.js'

/** The sentence with which a file is refused. */
async function refusal(path: string): Promise<string> {
  const error = await contentsOf(path).then(
    () => assert.fail(`${path} was read`),
    (error) => error,
  )
  assert.ok(isUserError(error), (error as Error).stack)
  return error.message
}

describe('a file is refused that', () => {
  for (const [name, reason] of [
    ['external-link.h5', /\/a\/a\/kernel:0 is a link to another file$/],
    ['soft-link.h5', /\/a\/a\/kernel:0 is a link to another place$/],
    ['external-storage.h5', /a\/kernel of .*: its numbers lie in other files \(external storage\)$/],
    ['virtual.h5', /made of parts of other files \(a virtual data set\)$/],
    ['lzf.h5', /compressed by an unknown filter \(32000, "lzf"\)$/],
    ['reference.h5', /holds no numbers, but references to objects$/],
    ['text.h5', /holds no numbers, but texts$/],
    ['shape-bomb.h5', /a\/kernel of .*\[1099511627776\], too many numbers/],
    ['chunk-bomb.h5', /stored in pieces of more than 33554432 numbers$/],
    ['loop.weights.h5', /its groups lie too deep, or are too many$/],
    ['other.h5', /an HDF5 file, but not one of Keras: it names no layers$/],
    ['model.keras2.weights.h5', /does not hold the names of its layers.*save the model as \.h5 or \.keras$/],
    ['nothing.h5', /it does not exist$/],
    ['.', /it is a folder, not a file$/],
  ] as const)
    it(name, async () => assert.match(await refusal(kerasFile(name)), reason))

  it('is no file of Keras at all', async (t) => {
    const path = join(await temporaryFolder(t), 'a.h5')
    for (const [content, reason] of [
      ['', /it is empty$/],
      ['<!doctype html>', /neither an HDF5 file \(\.h5, \.weights\.h5\) nor a \.keras archive$/],
      ['\x89HDF\r\n\x1a\n and no more', /damaged or cut short$/],
    ] as const) {
      await writeFile(path, content, 'latin1')
      assert.match(await refusal(path), reason)
    }
  })
})

describe('an archive is refused that', () => {
  const weights = readFileSync(kerasFile('model.weights.h5'))
  const config = { name: 'config.json', content: '{}' }
  for (const [what, files, reason] of [
    ['holds other files', [{ name: 'archive/data.pkl', content: '' }], /holds no model\.weights\.h5$/],
    ['lacks its configuration', [{ name: 'model.weights.h5', content: weights }], /holds no config\.json$/],
    [
      'has a damaged configuration',
      [
        { name: 'config.json', content: '{' },
        { name: 'model.weights.h5', content: weights },
      ],
      /its config\.json is damaged$/,
    ],
    [
      'would expand a thousandfold',
      [config, { name: 'model.weights.h5', content: weights, lies: { bytes: 2 ** 29 } }],
      /would expand to 536870912 bytes, as no weights do$/,
    ],
    [
      'holds more than it says',
      [config, { name: 'model.weights.h5', content: weights, lies: { bytes: weights.length - 1 } }],
      /its "model\.weights\.h5" is damaged$/,
    ],
    [
      'has a wrong checksum',
      [config, { name: 'model.weights.h5', content: weights, stored: true, lies: { crc: 1 } }],
      /its "model\.weights\.h5" is damaged$/,
    ],
  ] as const)
    it(what, async (t) => {
      const path = join(await temporaryFolder(t), 'a.keras')
      await writeFile(path, writeZip([...files]))
      assert.match(await refusal(path), reason)
    })
})

describe('a damaged file', () => {
  const forms = ['weights.keras2.h5', 'model.weights.h5', 'model.keras']

  for (const form of forms)
    it(`is refused wherever it is cut short: ${form}`, async (t) => {
      const path = join(await temporaryFolder(t), 'a')
      const bytes = readFileSync(kerasFile(form))
      for (let i = 1; i < 12; i++) {
        await writeFile(path, bytes.subarray(0, Math.floor((bytes.length * i) / 12)))
        assert.match(await refusal(path), /damaged|cut short|Keras/)
      }
      await writeFile(path, bytes.subarray(0, -1))
      assert.match(await refusal(path), /damaged|cut short/)
    })

  for (const form of forms)
    it(`is refused, or read as far as it is whole, where bytes are wrong: ${form}`, async (t) => {
      const path = join(await temporaryFolder(t), 'a')
      const whole = readFileSync(kerasFile(form))
      for (let i = 0; i < 24; i++) {
        const bytes = Buffer.from(whole)
        const at = Math.floor((whole.length * i) / 24) + (i % 8)
        bytes[at] ^= 0xff
        await writeFile(path, bytes)
        const outcome = await contentsOf(path).catch((error) => {
          assert.ok(isUserError(error), `byte ${at}: ${(error as Error).stack}`)
        })
        // Numbers in HDF5 have no checksum, those in an archive have.
        if (outcome !== undefined && form === 'model.keras')
          assert.deepEqual(outcome, tinyModel(), `byte ${at}`)
      }
    })
})
