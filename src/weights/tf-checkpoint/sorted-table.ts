/**
 * Sorted-string tables, the file format of LevelDB that TensorFlow's checkpoints use
 * (https://github.com/google/leveldb/blob/main/doc/table_format.md): keys with values, in blocks that carry checksums,
 * and an index of the blocks. Only the blocks that are asked for are read.
 */
import type { UserError } from '../../shared/errors.js'
import type { ByteSource } from '../../shared/onnx-fields.js'
import { crc32c, masked } from './crc32c.js'

export interface TableEntry {
  key: Buffer
  value: Buffer
}

export interface SortedTable {
  /** All entries in the order of their keys. */
  entries: () => AsyncGenerator<TableEntry>
  /** The value of a key; undefined where the table has no such key. */
  get: (key: Uint8Array) => Promise<Buffer | undefined>
}

/** Makes the error for what is wrong with the file. */
export type Damaged = (what: string) => UserError

export const FOOTER_BYTES = 48
export const MAGIC = Buffer.from('57fb808b247547db', 'hex')
/** Behind each block: how it is compressed, and the masked checksum of contents and type. */
export const TRAILER_BYTES = 5

/** True when the file ends as a table does. */
export async function isTable(source: ByteSource): Promise<boolean> {
  if (source.size < FOOTER_BYTES) return false
  return MAGIC.equals(await source.read(source.size - MAGIC.length, MAGIC.length))
}

/**
 * Reads footer and index of a table.
 *
 * @throws what `damaged` makes, also while entries are read: for a file that is cut short or no table, compressed
 *   blocks, checksums that differ, keys out of order
 */
export async function openTable(source: ByteSource, damaged: Damaged): Promise<SortedTable> {
  if (!(await isTable(source))) throw damaged('it is cut short, or no TensorFlow checkpoint')
  const footer = new Cursor(bufferOf(await source.read(source.size - FOOTER_BYTES, FOOTER_BYTES)), damaged)
  footer.handle()
  const index = await readBlock(source, footer.handle(), damaged)
  const blocks = index.map(({ key, value }) => ({ last: key, handle: new Cursor(value, damaged).handle() }))
  return {
    async *entries() {
      let before: Buffer | undefined
      for (const { last, handle } of blocks)
        for (const entry of await readBlock(source, handle, damaged)) {
          if (before !== undefined && before.compare(entry.key) >= 0)
            throw damaged('its keys are not in order')
          if (entry.key.compare(last) > 0) throw damaged('a block holds keys of the next one')
          before = entry.key
          yield entry
        }
    },
    async get(key) {
      const block = blocks.find(({ last }) => last.compare(key) >= 0)
      if (block === undefined) return undefined
      return (await readBlock(source, block.handle, damaged)).find((entry) => entry.key.equals(key))?.value
    },
  }
}

interface Handle {
  offset: number
  bytes: number
}

const bufferOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

async function readBlock(
  source: ByteSource,
  { offset, bytes }: Handle,
  damaged: Damaged,
): Promise<TableEntry[]> {
  if (offset + bytes + TRAILER_BYTES > source.size) throw damaged('a block lies beyond its end')
  const block = bufferOf(await source.read(offset, bytes + TRAILER_BYTES))
  if (masked(crc32c(block.subarray(0, bytes + 1))) !== block.readUInt32LE(bytes + 1))
    throw damaged('the checksum of a block is wrong')
  const compression = block[bytes]
  if (compression === 1)
    throw damaged(
      'its blocks are compressed by Snappy, which TensorFlow does not write; save it uncompressed',
    )
  if (compression !== 0) throw damaged(`its blocks are compressed by an unknown method (${compression})`)
  return entriesOf(block.subarray(0, bytes), damaged)
}

/** Each key is written as what it shares with the key before it, and the rest. */
function entriesOf(block: Buffer, damaged: Damaged): TableEntry[] {
  if (block.length < 4) throw damaged('a block is too short')
  const end = block.length - 4 - 4 * block.readUInt32LE(block.length - 4)
  if (end < 0) throw damaged('a block is too short')
  const cursor = new Cursor(block.subarray(0, end), damaged)
  const entries: TableEntry[] = []
  let key = Buffer.alloc(0)
  while (!cursor.atEnd) {
    const [shared, rest, length] = [cursor.varint(), cursor.varint(), cursor.varint()]
    if (shared > key.length) throw damaged('a key begins with more of the key before than there is')
    key = Buffer.concat([key.subarray(0, shared), cursor.take(rest)])
    entries.push({ key, value: cursor.take(length) })
  }
  return entries
}

/** Reads bytes from front to back. */
class Cursor {
  private at = 0

  constructor(
    private readonly bytes: Buffer,
    private readonly damaged: Damaged,
  ) {}

  get atEnd(): boolean {
    return this.at === this.bytes.length
  }

  take(count: number): Buffer {
    if (this.at + count > this.bytes.length) throw this.damaged('an entry is longer than its block')
    this.at += count
    return this.bytes.subarray(this.at - count, this.at)
  }

  varint(): number {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      const [byte] = this.take(1)
      value += (byte & 127) * scale
      if (value > Number.MAX_SAFE_INTEGER) throw this.damaged('a number in it is too large')
      if (byte < 128) return value
    }
  }

  /** Place of a block in the file. */
  handle(): Handle {
    return { offset: this.varint(), bytes: this.varint() }
  }
}
