/**
 * Checkpoints of TensorFlow's second format, the tensor bundle (`tensorflow/core/util/tensor_bundle`): `PREFIX.index` is a
 * sorted-string table that says where each tensor lies in `PREFIX.data-00000-of-0000N`.
 */
import { UserError } from '../../shared/errors.js'
import type { TensorSource } from '../source.js'
import {
  type CheckpointFile,
  checkpointSource,
  openFile,
  type Piece,
  parsed,
  type Variable,
} from './checkpoint-source.js'
import { crc32c, masked } from './crc32c.js'
import { dtypeOf } from './dtypes.js'
import { type BundleEntry, readBundleEntry, readBundleHeader } from './messages.js'
import { fill, product, type Region, regionOf, sliceKey } from './slices.js'
import { openTable } from './sorted-table.js'

/** The version of the format that is read here, in TensorFlow's counting. */
const VERSION = 1

/** What an index says. */
interface Index {
  file: CheckpointFile
  shards: number
  /** By their keys, as Latin-1 so that all bytes are kept. */
  entries: ReadonlyMap<string, BundleEntry>
}

/** Pieces of tensors have keys that begin with this character; tensors have none that do. */
const PIECE = '\0'

/** @param path As the user named it. */
export async function openBundle(path: string, prefix: string): Promise<TensorSource> {
  const file = await openFile(`${prefix}.index`, `There is no file ${prefix}.index`)
  const index = await readIndex(file).finally(file.close)
  const files = new Map<number, CheckpointFile>()
  try {
    for (const { shard } of index.entries.values())
      if (!files.has(shard)) files.set(shard, await openShard(prefix, shard, index))
    const variables = new Map<string, Variable>()
    for (const [key, entry] of index.entries) {
      if (key.startsWith(PIECE)) continue
      const name = Buffer.from(key, 'latin1').toString()
      variables.set(name, variableOf(name, entry, index, files))
    }
    return checkpointSource(path, variables, [...files.values()])
  } catch (error) {
    for (const shard of files.values()) await shard.close()
    throw error
  }
}

async function readIndex(file: CheckpointFile): Promise<Index> {
  const { path, bytes, damaged } = file
  const table = await openTable(bytes, damaged)
  const header = await table.get(Buffer.alloc(0))
  if (header === undefined) throw damaged('it has no header')
  const { shards, bigEndian, minConsumer } = parsed(damaged, () => readBundleHeader(header))
  if (bigEndian)
    throw new UserError(
      `${path} is of a big-endian machine; load it there in TensorFlow and export its variables`,
    )
  if (minConsumer > VERSION)
    throw new UserError(
      `${path} has version ${minConsumer} of its format, which is newer than what can be read (${VERSION})`,
    )
  const entries = new Map<string, BundleEntry>()
  for await (const { key, value } of table.entries())
    if (key.length > 0) {
      const entry = parsed(damaged, () => readBundleEntry(value))
      checkEntry(key.toString(), entry, shards, file)
      entries.set(key.toString('latin1'), entry)
    }
  return { file, shards, entries }
}

/** What can be known of an entry without the data. */
function checkEntry(name: string, entry: BundleEntry, shards: number, { damaged }: CheckpointFile): void {
  const { dtype, shape, shard, offset, bytes, slices } = entry
  const size = product(shape)
  if (!shape.every((side) => side >= 0) || !Number.isSafeInteger(size))
    throw damaged(`"${name}" has the shape [${shape}]`)
  if (shard < 0 || shard >= shards) throw damaged(`"${name}" lies in file ${shard} of ${shards}`)
  if (offset < 0 || bytes < 0 || !Number.isSafeInteger(offset + bytes))
    throw damaged(`"${name}" lies at no possible place`)
  const { bytes: bytesEach } = dtypeOf(dtype)
  const expected = size * (bytesEach ?? 0)
  if (slices.length === 0 && bytesEach !== undefined && bytes !== expected)
    throw damaged(`"${name}" of shape [${shape}] takes ${expected} bytes, but has ${bytes}`)
}

async function openShard(
  prefix: string,
  shard: number,
  { file, shards, entries }: Index,
): Promise<CheckpointFile> {
  const digits = (number: number) => String(number).padStart(5, '0')
  const path = `${prefix}.data-${digits(shard)}-of-${digits(shards)}`
  const data = await openFile(path, `${path} is missing, which ${file.path} names; copy it too`)
  const own = [...entries.values()].filter((entry) => entry.shard === shard)
  const needed = Math.max(...own.map(({ offset, bytes }) => offset + bytes))
  if (needed <= data.bytes.size) return data
  await data.close()
  throw data.damaged(
    `it is cut short or of another checkpoint: ${file.path} speaks of ${needed} bytes, but it has ${data.bytes.size}`,
  )
}

function variableOf(
  name: string,
  entry: BundleEntry,
  { file, entries }: Index,
  files: ReadonlyMap<number, CheckpointFile>,
): Variable {
  const { dtype, shape, slices } = entry
  const read = (of: BundleEntry) => () => readNumbers(name, of, files.get(of.shard)!)
  const info = { name, dtype: dtypeOf(dtype).name, shape }
  if (slices.length === 0) {
    const start = shape.map(() => 0)
    return { info, pieces: [{ start, length: shape, read: read(entry) }] }
  }
  const pieces = slices.map((extents): Piece => {
    const region: Region | undefined = regionOf(extents, shape)
    const piece = entries.get(sliceKey(name, extents).toString('latin1'))
    if (region === undefined || piece === undefined) throw file.damaged(`a piece of "${name}" is missing`)
    if (piece.dtype !== dtype || String(piece.shape) !== String(region.length))
      throw file.damaged(`a piece of "${name}" has another type or shape than it must have`)
    return { ...region, read: read(piece) }
  })
  if (!fill(pieces, shape)) throw file.damaged(`the pieces of "${name}" do not fill it`)
  return { info, pieces }
}

async function readNumbers(name: string, entry: BundleEntry, data: CheckpointFile): Promise<Float32Array> {
  const dtype = dtypeOf(entry.dtype)
  if (dtype.bytes === undefined) return dtype.toFloat32(new ArrayBuffer(0))
  const bytes = await data.bytes.read(entry.offset, entry.bytes)
  if (masked(crc32c(bytes)) !== entry.crc32c)
    throw data.damaged(`"${name}" does not have the checksum of its index`)
  return dtype.toFloat32(bytes.buffer as ArrayBuffer)
}
