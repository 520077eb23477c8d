/**
 * The protobuf messages of checkpoints. Field numbers are those of `tensorflow/core/protobuf/tensor_bundle.proto`,
 * `tensorflow/core/util/saved_tensor_slice.proto` and the messages in `tensorflow/core/framework` that these name.
 */
import protobuf, { type Reader, type Writer } from 'protobufjs/minimal.js'
import type { Extent } from './slices.js'

/** What a file of format 2 says of itself. */
export interface BundleHeader {
  shards: number
  bigEndian: boolean
  /** The oldest reader that understands it. */
  minConsumer: number
}

/** Where a tensor lies. */
export interface BundleEntry {
  dtype: number
  shape: number[]
  shard: number
  offset: number
  bytes: number
  /** Masked. */
  crc32c: number
  /** The pieces that it was saved in, each with an entry of its own; none for tensors in one piece. */
  slices: Extent[][]
}

/** A tensor of a file of format 1. */
export interface SavedVariable {
  name: string
  dtype: number
  shape: number[]
  slices: Extent[][]
}

/** Numbers of a piece in format 1, as TensorProto has them: a list for each kind of type, of which one is filled. */
export interface SavedNumbers {
  /** Little-endian bytes, in parts that follow each other. */
  float: Uint8Array[]
  double: Uint8Array[]
  int: number[]
  int64: number[]
  bool: number[]
  half: number[]
}

/** Reads the contents of a field; the reader stands before them. */
type FieldReaders = Record<number, (reader: Reader, wireType: number) => void>

/** Reads the fields that have a reader and passes over others. Throws an Error for bytes that are no message. */
function readFields(bytes: Uint8Array, readers: FieldReaders): void {
  const reader = protobuf.Reader.create(bytes)
  while (reader.pos < reader.len) {
    const tag = reader.uint32()
    const read = readers[tag >>> 3]
    if (read === undefined) reader.skipType(tag & 7)
    else read(reader, tag & 7)
  }
}

const expect = (wireType: number, wanted: number): void => {
  if (wireType !== wanted) throw new Error(`A field has the wire type ${wireType}, not ${wanted}`)
}
const number = (set: (value: number) => void) => (reader: Reader, wireType: number) => {
  expect(wireType, 0)
  set(Number(reader.int64()))
}
const contents = (set: (bytes: Uint8Array) => void) => (reader: Reader, wireType: number) => {
  expect(wireType, 2)
  set(reader.bytes())
}

export function readBundleHeader(bytes: Uint8Array): BundleHeader {
  const header = { shards: 0, bigEndian: false, minConsumer: 0 }
  readFields(bytes, {
    1: number((value) => {
      header.shards = value
    }),
    2: number((value) => {
      header.bigEndian = value !== 0
    }),
    3: contents((version) =>
      readFields(version, {
        2: number((value) => {
          header.minConsumer = value
        }),
      }),
    ),
  })
  return header
}

export function readBundleEntry(bytes: Uint8Array): BundleEntry {
  const entry: BundleEntry = { dtype: 0, shape: [], shard: 0, offset: 0, bytes: 0, crc32c: 0, slices: [] }
  readFields(bytes, {
    1: number((value) => {
      entry.dtype = value
    }),
    2: contents((shape) => {
      entry.shape = readShape(shape)
    }),
    3: number((value) => {
      entry.shard = value
    }),
    4: number((value) => {
      entry.offset = value
    }),
    5: number((value) => {
      entry.bytes = value
    }),
    6: (reader, wireType) => {
      expect(wireType, 5)
      entry.crc32c = reader.fixed32()
    },
    7: contents((slice) => entry.slices.push(readSlice(slice))),
  })
  return entry
}

/** True for the header of format 2, which stands where format 1 has the list of its tensors. */
export const isBundleHeader = (bytes: Uint8Array): boolean => bytes[0] === ((1 << 3) | 0)

/** Tensors of a file of format 1: SavedTensorSlices with `meta`. */
export function readSavedVariables(bytes: Uint8Array): SavedVariable[] {
  const variables: SavedVariable[] = []
  const readVariable = (message: Uint8Array): void => {
    const variable: SavedVariable = { name: '', dtype: 0, shape: [], slices: [] }
    readFields(message, {
      1: contents((name) => {
        variable.name = Buffer.from(name).toString()
      }),
      2: contents((shape) => {
        variable.shape = readShape(shape)
      }),
      3: number((value) => {
        variable.dtype = value
      }),
      4: contents((slice) => variable.slices.push(readSlice(slice))),
    })
    variables.push(variable)
  }
  readFields(bytes, { 1: contents((meta) => readFields(meta, { 1: contents(readVariable) })) })
  return variables
}

/** Numbers of one piece: SavedTensorSlices with `data`. */
export function readSavedNumbers(bytes: Uint8Array): SavedNumbers {
  const numbers: SavedNumbers = { float: [], double: [], int: [], int64: [], bool: [], half: [] }
  /** Fields of a fixed size: packed, or one by one. */
  const fixed = (into: Uint8Array[], wire: 1 | 5) => (reader: Reader, wireType: number) => {
    if (wireType === 2) into.push(reader.bytes())
    else {
      expect(wireType, wire)
      const from = reader.pos
      reader.skipType(wire)
      into.push(reader.buf.subarray(from, reader.pos))
    }
  }
  const varints = (into: number[]) => (reader: Reader, wireType: number) => {
    if (wireType !== 2) return number((value) => into.push(value))(reader, wireType)
    const packed = protobuf.Reader.create(reader.bytes())
    while (packed.pos < packed.len) into.push(Number(packed.int64()))
  }
  const readTensor = (message: Uint8Array): void =>
    readFields(message, {
      5: fixed(numbers.float, 5),
      6: fixed(numbers.double, 1),
      7: varints(numbers.int),
      10: varints(numbers.int64),
      11: varints(numbers.bool),
      13: varints(numbers.half),
    })
  readFields(bytes, { 2: contents((data) => readFields(data, { 3: contents(readTensor) })) })
  return numbers
}

function readShape(bytes: Uint8Array): number[] {
  const shape: number[] = []
  const readSide = (message: Uint8Array): void => {
    let side = 0
    readFields(message, {
      1: number((value) => {
        side = value
      }),
    })
    shape.push(side)
  }
  readFields(bytes, { 2: contents(readSide) })
  return shape
}

function readSlice(bytes: Uint8Array): Extent[] {
  const extents: Extent[] = []
  const readExtent = (message: Uint8Array): void => {
    const extent: Extent = { start: 0 }
    readFields(message, {
      1: number((value) => {
        extent.start = value
      }),
      2: number((value) => {
        extent.length = value
      }),
    })
    extents.push(extent)
  }
  readFields(bytes, { 1: contents(readExtent) })
  return extents
}

const tag = (field: number, wire: 0 | 2 | 5): number => (field << 3) | wire

function message(writer: Writer, field: number, write: (inner: Writer) => void): void {
  writer.uint32(tag(field, 2)).fork()
  write(writer)
  writer.ldelim()
}

/** Header of little-endian files of version 1, which all readers understand. */
export function encodeBundleHeader(shards: number): Buffer {
  const writer = protobuf.Writer.create().uint32(tag(1, 0)).int32(shards)
  message(writer, 3, (version) => version.uint32(tag(1, 0)).int32(1))
  return Buffer.from(writer.finish())
}

/** Of a tensor in one piece. */
export function encodeBundleEntry(entry: Omit<BundleEntry, 'slices'>): Buffer {
  const writer = protobuf.Writer.create().uint32(tag(1, 0)).int32(entry.dtype)
  message(writer, 2, (shape) => {
    for (const side of entry.shape) message(shape, 2, (inner) => inner.uint32(tag(1, 0)).int64(side))
  })
  if (entry.shard !== 0) writer.uint32(tag(3, 0)).int32(entry.shard)
  if (entry.offset !== 0) writer.uint32(tag(4, 0)).int64(entry.offset)
  if (entry.bytes !== 0) writer.uint32(tag(5, 0)).int64(entry.bytes)
  writer.uint32(tag(6, 5)).fixed32(entry.crc32c)
  return Buffer.from(writer.finish())
}
