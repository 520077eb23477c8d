/**
 * The checksum of an exported model: the SHA-256 of the whole file, in its own metadata under `sha256`, computed
 * with zeros in place of its 64 digits. The file's description (`doc_string`) says so; a file with the description but
 * without the checksum is damaged too. So no byte of the file can change unnoticed.
 */
import { createHash } from 'node:crypto'
import protobuf from 'protobufjs/minimal.js'
import type { ByteSource } from './onnx-fields.js'

export const CHECKSUM_KEY = 'sha256'

/** The `doc_string` of every file with a checksum. */
export const CHECKSUM_DESCRIPTION =
  'The metadata "sha256" is the SHA-256 of this file, computed with 64 zeros in its place.'

const DIGITS = 64
const ZEROS = '0'.repeat(DIGITS)
const CHUNK = 2 ** 22
const EXPORT_AGAIN = 'copy or export it again'

/** Fields of ONNX's ModelProto, as tags with the wire type of texts and messages. */
const DESCRIPTION_TAG = (6 << 3) | 2
const GRAPH_TAG = (7 << 3) | 2
const METADATA_TAG = (14 << 3) | 2

/** The bytes of an ONNX file, with description and checksum added. */
export function withChecksum(model: Uint8Array): Uint8Array {
  const graph = graphPosition(model)
  const description = protobuf.Writer.create().uint32(DESCRIPTION_TAG).string(CHECKSUM_DESCRIPTION).finish()
  const entry = protobuf.Writer.create()
  entry.uint32(METADATA_TAG).fork()
  entry.uint32(10).string(CHECKSUM_KEY).uint32(18).string(ZEROS).ldelim()
  const bytes = Buffer.concat([model.subarray(0, graph), description, model.subarray(graph), entry.finish()])
  const digest = createHash('sha256').update(bytes).digest('hex')
  bytes.write(digest, bytes.length - DIGITS, 'latin1')
  return bytes
}

/** Where the field of the graph begins: the description comes before it, as in files of the onnx package. */
function graphPosition(model: Uint8Array): number {
  const reader = protobuf.Reader.create(model)
  while (reader.pos < reader.len) {
    const position = reader.pos
    const tag = reader.uint32()
    if (tag === GRAPH_TAG) return position
    reader.skipType(tag & 7)
  }
  throw new Error('The model holds no graph')
}

/** What a file states about its own checksum. */
export interface ChecksumClaim {
  /** The file's description. */
  description: string
  /** Of each `sha256` in the metadata: its value, and where the metadata entry ends in the file. */
  checksums: { value: string; end: number }[]
}

/**
 * True when the file has a checksum and it matches, false when the file has none.
 *
 * @throws Error when the file has changed since it was exported
 */
export async function verifyChecksum(
  source: ByteSource,
  { description, checksums }: ChecksumClaim,
): Promise<boolean> {
  if (checksums.length === 0) {
    if (description !== CHECKSUM_DESCRIPTION) return false
    throw new Error(`it is damaged or was changed: its checksum is missing; ${EXPORT_AGAIN}`)
  }
  const [{ value, end }] = checksums
  const begin = end - DIGITS
  const inPlace = Buffer.from(await source.read(Math.max(0, begin), DIGITS)).toString('latin1')
  if (checksums.length > 1 || value !== inPlace)
    throw new Error(`it is damaged or was changed: its checksum is malformed; ${EXPORT_AGAIN}`)
  const hash = createHash('sha256')
  await hashRange(hash, source, 0, begin)
  hash.update(ZEROS, 'latin1')
  await hashRange(hash, source, end, source.size)
  if (hash.digest('hex') !== value)
    throw new Error(`it is damaged or was changed: its checksum does not match; ${EXPORT_AGAIN}`)
  return true
}

async function hashRange(
  hash: ReturnType<typeof createHash>,
  source: ByteSource,
  begin: number,
  end: number,
): Promise<void> {
  for (let at = begin; at < end; at += CHUNK) hash.update(await source.read(at, Math.min(CHUNK, end - at)))
}
