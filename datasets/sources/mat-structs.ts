/** Reads arrays of structs from MATLAB's files of version 5, as in "MAT-File Format" of The MathWorks, chapter 1. */
import { inflateSync } from 'node:zlib'

/** A struct; fields of other kinds than one number and text are null. */
export type MatStruct = Record<string, number | string | null>

/** Types of data elements. */
const COMPRESSED = 15
const MATRIX = 14
const TEXT_16 = 4
/** Classes of arrays. */
const STRUCT = 2
const CHAR = 4
const FIRST_NUMBER = 6
const LAST_NUMBER = 15

/** More is not a table of classes. */
const MAX_BYTES = 2 ** 26

/** Numbers by the type of their element; files of little-endian machines, which all are today. */
const readers: Record<number, (data: Buffer) => number> = {
  1: (data) => data.readInt8(),
  2: (data) => data.readUInt8(),
  3: (data) => data.readInt16LE(),
  4: (data) => data.readUInt16LE(),
  5: (data) => data.readInt32LE(),
  6: (data) => data.readUInt32LE(),
  7: (data) => data.readFloatLE(),
  9: (data) => data.readDoubleLE(),
}

/**
 * The structs of the variable `name`, in their order.
 *
 * @returns null when there is no such variable
 * @throws when the file is no such file or damaged; the message is of no use to people
 */
export function readMatStructs(file: Buffer, name: string): MatStruct[] | null {
  if (file.toString('latin1', 126, 128) !== 'IM') throw new Error('no MAT file of version 5')
  for (const { type, data } of elementsOf(file.subarray(128))) {
    const [matrix] =
      type === COMPRESSED ? elementsOf(inflateSync(data, { maxOutputLength: MAX_BYTES })) : [{ type, data }]
    if (matrix.type !== MATRIX) continue
    const [flags, , title, ...rest] = elementsOf(matrix.data)
    if (title.data.toString('latin1') === name && flags.data[0] === STRUCT) return structsOf(rest)
  }
  return null
}

interface Element {
  type: number
  data: Buffer
}

function elementsOf(bytes: Buffer): Element[] {
  const found: Element[] = []
  for (let at = 0; at + 8 <= bytes.length; ) {
    const first = bytes.readUInt32LE(at)
    // Up to four bytes stand in the tag itself.
    const short = first >>> 16
    const type = short > 0 ? first & 0xffff : first
    const length = short > 0 ? short : bytes.readUInt32LE(at + 4)
    const from = at + (short > 0 ? 4 : 8)
    if (from + length > bytes.length) throw new Error('an element ends early')
    found.push({ type, data: bytes.subarray(from, from + length) })
    at = short > 0 ? at + 8 : from + (type === COMPRESSED ? length : Math.ceil(length / 8) * 8)
  }
  return found
}

function structsOf([width, names, ...cells]: Element[]): MatStruct[] {
  const letters = width.data.readInt32LE()
  const fields: string[] = []
  for (let at = 0; at < names.data.length; at += letters)
    fields.push(names.data.toString('latin1', at, at + letters).replace(/\0.*$/s, ''))
  const structs: MatStruct[] = []
  for (let at = 0; at < cells.length; at += fields.length)
    structs.push(Object.fromEntries(fields.map((field, i) => [field, contentOf(cells[at + i])])))
  return structs
}

function contentOf({ data }: Element): number | string | null {
  const [flags, , , content] = elementsOf(data)
  if (content === undefined) return null
  const arrayClass = flags.data[0]
  if (arrayClass === CHAR) return content.data.toString(content.type === TEXT_16 ? 'utf16le' : 'utf8')
  const isNumber = arrayClass >= FIRST_NUMBER && arrayClass <= LAST_NUMBER
  return isNumber && content.data.length > 0 ? (readers[content.type]?.(content.data) ?? null) : null
}
