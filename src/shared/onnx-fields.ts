/**
 * Walks the protobuf fields of an ONNX file: only the few bytes around each field are read, so that a file with
 * gigabytes of weights costs as little as a small one.
 */
import type { FileHandle } from 'node:fs/promises'
import protobuf from 'protobufjs/minimal.js'

/** Bytes in a file or in memory. */
export interface ByteSource {
  readonly size: number
  /** Throws when fewer than `length` bytes follow `position`. */
  read(position: number, length: number): Promise<Uint8Array>
}

export const inMemory = (bytes: Uint8Array): ByteSource => ({
  size: bytes.length,
  read: async (position, length) => bytes.subarray(position, position + length),
})

/** An open file, with its present size. */
export async function inFile(file: FileHandle): Promise<ByteSource> {
  const { size } = await file.stat()
  return {
    size,
    async read(position, length) {
      const bytes = new Uint8Array(length)
      for (let done = 0; done < length; ) {
        // One call reads less than 2 GiB.
        const { bytesRead } = await file.read(bytes, done, Math.min(length - done, 2 ** 30), position + done)
        if (bytesRead === 0) throw new Error('it became shorter while it was read')
        done += bytesRead
      }
      return bytes
    },
  }
}

export interface Field {
  number: number
  /** 0 a number, 1 eight bytes, 2 a length and as many bytes, 5 four bytes. */
  wireType: 0 | 1 | 2 | 5
  /** Position of the contents; a number's own bytes count as its contents. */
  begin: number
  end: number
}

export const CUT_OFF = 'it is cut off, or not an ONNX file; copy or export it again'

/** A tag and a length or number behind it: at most 5 + 10 bytes of protobuf varints. */
const HEAD_BYTES = 16

/**
 * The fields of the message from `begin` to `end`, in the file's order.
 *
 * @throws Error when they are not a protobuf message or reach beyond `end`
 */
export async function* fieldsOf(source: ByteSource, begin: number, end: number): AsyncGenerator<Field> {
  for (let position = begin; position < end; ) {
    const head = await source.read(position, Math.min(HEAD_BYTES, end - position))
    const field = readHead(head, position)
    if (field.end > end) throw new Error(CUT_OFF)
    yield field
    position = field.end
  }
}

/** The field that starts at the first byte of `head`. @param position Of that byte in the file. */
function readHead(head: Uint8Array, position: number): Field {
  const reader = protobuf.Reader.create(head)
  try {
    const tag = reader.uint32()
    const field = { number: tag >>> 3, begin: position + reader.pos }
    switch (tag & 7) {
      case 0:
        reader.skipType(0)
        return { ...field, wireType: 0, end: position + reader.pos }
      case 1:
        return { ...field, wireType: 1, end: field.begin + 8 }
      case 2: {
        const length = reader.uint32()
        const contents = position + reader.pos
        return { ...field, wireType: 2, begin: contents, end: contents + length }
      }
      case 5:
        return { ...field, wireType: 5, end: field.begin + 4 }
    }
  } catch (error) {
    throw new Error(CUT_OFF, { cause: error })
  }
  throw new Error('it is not an ONNX file')
}
