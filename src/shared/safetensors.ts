/**
 * The safetensors file format: 8 bytes little-endian length of the header, the header in JSON, the tensors'
 * bytes (https://huggingface.co/docs/safetensors, "Format"). Python opens these files with `safetensors`.
 */
import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { UserError } from './errors.js'
import { fileError, isFileError, writeFileAtomically } from './files.js'

const arrays = {
  F64: Float64Array,
  F32: Float32Array,
  I64: BigInt64Array,
  I32: Int32Array,
  I16: Int16Array,
  I8: Int8Array,
  U64: BigUint64Array,
  U32: Uint32Array,
  U16: Uint16Array,
  U8: Uint8Array,
} as const

export type Dtype = keyof typeof arrays

/** Bytes of a number, of all element types that files have. */
const SIZES: Readonly<Record<string, number>> = {
  ...Object.fromEntries(Object.entries(arrays).map(([dtype, array]) => [dtype, array.BYTES_PER_ELEMENT])),
  ...{ F16: 2, BF16: 2, BOOL: 1 },
}

export type TensorData =
  | Float64Array
  | Float32Array
  | BigInt64Array
  | Int32Array
  | Int16Array
  | Int8Array
  | BigUint64Array
  | Uint32Array
  | Uint16Array
  | Uint8Array

export interface Tensor {
  shape: number[]
  data: TensorData
}

export interface TensorFile {
  /** By name, in the order in which they lie in the file. */
  tensors: Map<string, Tensor>
  metadata: Record<string, string>
}

/** The file format's own limit on its header. */
const LARGEST_HEADER = 100_000_000
/** The metadata key of the SHA-256 in hexadecimal, which this writer adds and this reader checks. */
const CHECKSUM = 'sha256'
/** The metadata key that says what it covers; without it, as in files of earlier versions, the tensors' bytes alone. */
const COVERED = 'sha256_of'
/** All bytes of the file, with zeros in the place of the checksum's own digits. */
const WHOLE_FILE = 'file'
const ZEROS = '0'.repeat(64)

const product = (shape: number[]): number => shape.reduce((size, side) => size * side, 1)
const dtypeOf = (data: TensorData): Dtype =>
  (Object.keys(arrays) as Dtype[]).find((dtype) => data instanceof arrays[dtype])!
const bytesOf = (data: TensorData): Uint8Array =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength)

/**
 * Writes tensors atomically. With `checksum` the metadata gets the SHA-256 of the whole file, so that damage
 * anywhere in it is noticed, in the header too.
 *
 * @throws UserError when the disk refuses, Error when a shape and its data disagree
 */
export async function writeSafetensors(
  path: string,
  tensors: Map<string, Tensor>,
  { metadata = {}, checksum = true }: { metadata?: Record<string, string>; checksum?: boolean } = {},
): Promise<void> {
  const header: Record<string, unknown> = {}
  const covered = { [CHECKSUM]: ZEROS, [COVERED]: WHOLE_FILE }
  const marked = checksum ? { ...covered, ...metadata, ...covered } : metadata
  // biome-ignore lint/complexity/useLiteralKeys: the format's own name reads better as a text
  if (Object.keys(marked).length > 0) header['__metadata__'] = marked
  let offset = 0
  for (const [name, { shape, data }] of tensors) {
    if (product(shape) !== data.length)
      throw new Error(`Tensor "${name}" of shape [${shape}] holds ${data.length} numbers`)
    header[name] = { dtype: dtypeOf(data), shape, data_offsets: [offset, offset + data.byteLength] }
    offset += data.byteLength
  }
  const json = Buffer.from(JSON.stringify(header))
  // Padded with spaces to 8 bytes, as the reference writer does, so that the data lies aligned.
  const padded = Buffer.concat([json, Buffer.alloc((8 - (json.length % 8)) % 8, ' ')])
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(padded.length))
  const head = Buffer.concat([length, padded])
  if (checksum) head.write(digest(head, tensors.values()), digitsPosition(head), 'latin1')
  await writeFileAtomically(path, async (file) => {
    await file.writeFile(head)
    for (const { data } of tensors.values()) if (data.byteLength > 0) await file.writeFile(bytesOf(data))
  })
}

function digest(head: Uint8Array, tensors: Iterable<Tensor>): string {
  const hash = createHash('sha256').update(head)
  for (const { data } of tensors) hash.update(bytesOf(data))
  return hash.digest('hex')
}

/** Where the checksum's digits begin. Quotes within names and values are escaped, so that only the key itself is found. */
function digitsPosition(head: Buffer): number {
  const key = `"${CHECKSUM}":"`
  return head.indexOf(key) + key.length
}

/** The numbers must have the checksum that the metadata claim, and so must the header where it is covered. */
function verify(
  head: Buffer,
  tensors: Iterable<Tensor>,
  metadata: Record<string, string>,
  damaged: Damaged,
): void {
  const { [CHECKSUM]: claimed, [COVERED]: covered } = metadata
  if (claimed === undefined && covered === undefined) return
  if (covered === undefined) {
    if (digest(Buffer.alloc(0), tensors) !== claimed)
      damaged('its numbers do not have the checksum that was written with them')
    return
  }
  if (covered !== WHOLE_FILE) damaged(`its checksum is of "${covered}", which is unknown`)
  const zeroed = Buffer.from(head)
  zeroed.write(ZEROS, digitsPosition(head), 'latin1')
  if (digest(zeroed, tensors) !== claimed) damaged('it does not have the checksum that was written with it')
}

/**
 * Reads a file written by this module, by Python or by any other writer of the format.
 *
 * @throws UserError that names the file and what is wrong with it: missing, cut short, too long, a header that
 *   is not valid, an unknown dtype, offsets with overlaps or gaps, a checksum that differs
 */
export async function readSafetensors(path: string): Promise<TensorFile> {
  const damaged = (what: string): never => {
    throw new UserError(`${path} is damaged: ${what}`)
  }
  const file = await openSafetensors(path)
  try {
    const tensors = new Map<string, Tensor>()
    for (const { name, dtype, shape } of file.entries) {
      if (!Object.hasOwn(arrays, dtype))
        damaged(
          `"${name}" has the dtype ${JSON.stringify(dtype)}; known are ${Object.keys(arrays).join(', ')}`,
        )
      const { buffer } = await file.read(name)
      tensors.set(name, { shape, data: new arrays[dtype as Dtype](buffer) })
    }
    const { metadata } = file
    verify(file.head, tensors.values(), metadata, damaged)
    delete metadata[CHECKSUM]
    delete metadata[COVERED]
    return { tensors, metadata }
  } finally {
    await file.close()
  }
}

/** A file whose tensors are read one by one. */
export interface OpenSafetensors {
  /** In the order in which they lie in the file. */
  entries: readonly Entry[]
  metadata: Record<string, string>
  /** Whether {@link readSafetensors} verifies a checksum of it. */
  hasChecksum: boolean
  /** The first bytes of the file: the header and its length. */
  head: Buffer
  /** The bytes of a tensor, in a buffer of their own. */
  read(name: string): Promise<Buffer<ArrayBuffer>>
  close(): Promise<void>
}

/**
 * Opens a file to read single tensors, of any dtype. Numbers are not compared with a checksum.
 *
 * @throws UserError as {@link readSafetensors}
 */
export async function openSafetensors(path: string): Promise<OpenSafetensors> {
  const damaged = (what: string): never => {
    throw new UserError(`${path} is damaged: ${what}`)
  }
  const fileErrors = <T>(work: Promise<T>): Promise<T> =>
    work.catch((error) => Promise.reject(isFileError(error) ? fileError('read', path, error) : error))
  const file = await fileErrors(open(path, 'r'))
  try {
    const size = (await file.stat()).size
    if (size < 8) damaged(`it has ${size} bytes, too few for the length of its header`)
    const lengthBytes = await fileErrors(readExactly(file, 0, 8))
    const length = Number(lengthBytes.readBigUInt64LE())
    if (length > LARGEST_HEADER) damaged('the length of its header is out of range')
    if (8 + length > size) damaged(`it is cut short within its header (${size} bytes)`)
    const header = await fileErrors(readExactly(file, 8, length))
    const { entries, metadata } = parseHeader(header, damaged)
    checkOffsets(entries, size - 8 - length, damaged)
    const places = new Map(entries.map((entry) => [entry.name, entry]))
    return {
      entries,
      metadata,
      hasChecksum: metadata[CHECKSUM] !== undefined || metadata[COVERED] !== undefined,
      head: Buffer.concat([lengthBytes, header]),
      read(name) {
        const { begin, end } = places.get(name)!
        return fileErrors(readExactly(file, 8 + length + begin, end - begin))
      },
      close: () => file.close(),
    }
  } catch (error) {
    await file.close()
    throw error
  }
}

/** Reads into a buffer of its own, so that typed arrays over it are aligned. */
async function readExactly(file: FileHandle, position: number, length: number): Promise<Buffer<ArrayBuffer>> {
  const buffer = Buffer.from(new ArrayBuffer(length))
  for (let done = 0; done < length; ) {
    const { bytesRead } = await file.read(buffer, done, Math.min(length - done, 2 ** 30), position + done)
    if (bytesRead === 0) throw new UserError('The file became shorter while it was read')
    done += bytesRead
  }
  return buffer
}

/** A tensor as the header describes it. */
export interface Entry {
  name: string
  /** `F32`, `BF16`, … */
  dtype: string
  shape: number[]
  /** Position of its bytes after the header. */
  begin: number
  end: number
}

type Damaged = (what: string) => never

function parseHeader(
  bytes: Buffer,
  damaged: Damaged,
): { entries: Entry[]; metadata: Record<string, string> } {
  const isObject = (value: unknown): value is Record<string, unknown> =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
  const isSize = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0
  let header: unknown
  try {
    header = JSON.parse(bytes.toString('utf8'))
  } catch {
    damaged('its header is not JSON')
  }
  if (!isObject(header)) return damaged('its header is not a JSON object')
  const { __metadata__: metadata = {}, ...rest } = header
  if (!isObject(metadata) || !Object.values(metadata).every((value) => typeof value === 'string'))
    damaged('its "__metadata__" is not a table of texts')
  const entries = Object.entries(rest).map(([name, entry]): Entry => {
    if (!isObject(entry)) return damaged(`"${name}" is not described by a JSON object`)
    const { dtype, shape, data_offsets: offsets } = entry
    if (typeof dtype !== 'string' || !Object.hasOwn(SIZES, dtype))
      return damaged(
        `"${name}" has the dtype ${JSON.stringify(dtype)}; known are ${Object.keys(arrays).join(', ')}`,
      )
    if (!Array.isArray(shape) || !shape.every(isSize)) damaged(`"${name}" has no valid shape`)
    if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize))
      damaged(`"${name}" has no valid data_offsets`)
    const [begin, end] = offsets as number[]
    const expected = product(shape as number[]) * SIZES[dtype]
    if (end - begin !== expected)
      damaged(`"${name}" of shape [${shape}] takes ${expected} bytes, but has ${end - begin}`)
    return { name, dtype, shape: shape as number[], begin, end }
  })
  return {
    entries: entries.sort((a, b) => a.begin - b.begin || a.end - b.end),
    metadata: { ...(metadata as Record<string, string>) },
  }
}

/** The tensors must fill the data from its first byte to its last, without overlaps or gaps. */
function checkOffsets(entries: Entry[], available: number, damaged: Damaged): void {
  let at = 0
  for (const { name, begin, end } of entries) {
    if (begin < at) damaged(`"${name}" overlaps the tensor before it`)
    if (begin > at) damaged(`there is a gap before "${name}"`)
    at = end
  }
  if (available < at) damaged(`it is cut short: its tensors need ${at} bytes, but ${available} are there`)
  if (available > at) damaged(`${available - at} bytes too many follow its last tensor`)
}
