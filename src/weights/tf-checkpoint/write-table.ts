/** Writes sorted-string tables; sorted-table.ts reads them and says what they are. */
import protobuf from 'protobufjs/minimal.js'
import { crc32c, masked } from './crc32c.js'
import { FOOTER_BYTES, MAGIC, type TableEntry, TRAILER_BYTES } from './sorted-table.js'

/** As TensorFlow has them: a block ends after so many bytes, and every so many keys one is written whole. */
const BLOCK_BYTES = 2 ** 18
const RESTART_INTERVAL = 16

/**
 * The table as bytes.
 *
 * @param entries In any order, with different keys
 */
export function encodeTable(entries: readonly TableEntry[]): Buffer {
  const sorted = [...entries].sort((a, b) => a.key.compare(b.key))
  const file: Buffer[] = []
  let position = 0
  const append = (block: Buffer): Buffer => {
    const handle = varints(position, block.length)
    const trailer = Buffer.alloc(TRAILER_BYTES)
    trailer.writeUInt32LE(masked(crc32c(trailer.subarray(0, 1), crc32c(block))), 1)
    file.push(block, trailer)
    position += block.length + TRAILER_BYTES
    return handle
  }

  const index: TableEntry[] = []
  for (let from = 0; from < sorted.length; ) {
    let to = from
    for (let bytes = 0; to < sorted.length && bytes < BLOCK_BYTES; to++)
      bytes += sorted[to].key.length + sorted[to].value.length
    const handle = append(encodeBlock(sorted.slice(from, to), RESTART_INTERVAL))
    index.push({ key: sorted[to - 1].key, value: handle })
    from = to
  }
  const metaIndex = append(encodeBlock([], RESTART_INTERVAL))
  const footer = Buffer.alloc(FOOTER_BYTES)
  Buffer.concat([metaIndex, append(encodeBlock(index, 1))]).copy(footer)
  MAGIC.copy(footer, FOOTER_BYTES - MAGIC.length)
  return Buffer.concat([...file, footer])
}

function encodeBlock(entries: readonly TableEntry[], interval: number): Buffer {
  const parts: Buffer[] = []
  const restarts: number[] = []
  let length = 0
  for (const [at, { key, value }] of entries.entries()) {
    let shared = 0
    if (at % interval === 0) restarts.push(length)
    else while (shared < key.length && key[shared] === entries[at - 1].key[shared]) shared++
    const head = varints(shared, key.length - shared, value.length)
    parts.push(head, key.subarray(shared), value)
    length += head.length + key.length - shared + value.length
  }
  if (restarts.length === 0) restarts.push(0)
  const tail = Buffer.alloc(4 * (restarts.length + 1))
  for (const [at, restart] of [...restarts, restarts.length].entries()) tail.writeUInt32LE(restart, 4 * at)
  return Buffer.concat([...parts, tail])
}

function varints(...values: number[]): Buffer {
  const writer = protobuf.Writer.create()
  for (const value of values) writer.uint64(value)
  return Buffer.from(writer.finish())
}
