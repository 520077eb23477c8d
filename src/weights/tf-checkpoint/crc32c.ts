/** CRC-32C (Castagnoli), as TensorFlow's checkpoints have it: RFC 3720, appendix B.4. */

/** One table for each of eight bytes that are taken at once, one after another. */
const tables = new Int32Array(8 * 256)
for (let byte = 0; byte < 256; byte++) {
  let value = byte
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1
  tables[byte] = value
}
for (let at = 256; at < tables.length; at++) {
  const before = tables[at - 256]
  tables[at] = (before >>> 8) ^ tables[before & 255]
}

/** The checksum of bytes, from 0 to 2³² − 1; `value` is the checksum of what came before. */
export function crc32c(bytes: Uint8Array, value = 0): number {
  let crc = ~value
  let at = 0
  for (const end = bytes.length - 7; at < end; at += 8) {
    crc ^= bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)
    crc =
      tables[1792 + (crc & 255)] ^
      tables[1536 + ((crc >>> 8) & 255)] ^
      tables[1280 + ((crc >>> 16) & 255)] ^
      tables[1024 + (crc >>> 24)] ^
      tables[768 + bytes[at + 4]] ^
      tables[512 + bytes[at + 5]] ^
      tables[256 + bytes[at + 6]] ^
      tables[bytes[at + 7]]
  }
  for (; at < bytes.length; at++) crc = tables[(crc ^ bytes[at]) & 255] ^ (crc >>> 8)
  return ~crc >>> 0
}

/**
 * A checksum as it is stored: turned and shifted, since the checksum of bytes that hold their own checksum says little
 * (`tensorflow/core/lib/hash/crc32c.h`).
 */
export const masked = (crc: number): number => (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0
