import zlib from 'node:zlib'

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1
  return value
})

/** The same by a table, for Node before 20.15. */
export function crc32ByTable(bytes: Uint8Array, value = 0): number {
  let crc = ~value
  for (let i = 0; i < bytes.length; i++) crc = table[(crc ^ bytes[i]) & 255] ^ (crc >>> 8)
  return ~crc >>> 0
}

/** CRC-32 as zip, gzip and PNG have it; `value` is the checksum of what came before. */
export const crc32: (bytes: Uint8Array, value?: number) => number = zlib.crc32 ?? crc32ByTable
