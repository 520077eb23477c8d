import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { crc32c, masked } from '../../../src/weights/tf-checkpoint/crc32c.js'

test('CRC-32C gives the values of RFC 3720, appendix B.4', () => {
  for (const [bytes, expected] of [
    [Buffer.alloc(32), 0x8a9136aa],
    [Buffer.alloc(32, 0xff), 0x62a8ab43],
    [Buffer.from(Array.from({ length: 32 }, (_, at) => at)), 0x46dd794e],
    [Buffer.from(Array.from({ length: 32 }, (_, at) => 31 - at)), 0x113fdb5c],
    [Buffer.from('123456789'), 0xe3069283],
    [Buffer.alloc(0), 0],
  ] as const)
    assert.equal(crc32c(bytes), expected)
  // LevelDB's own test: the mask changes the value, and twice the mask is not the value again.
  assert.equal(masked(0), 0xa282ead8)
})

test('it can be taken piece by piece', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(100), (bytes, cut) => {
      assert.equal(crc32c(bytes.subarray(cut), crc32c(bytes.subarray(0, cut))), crc32c(bytes))
    }),
  )
})
