/**
 * HDF5 files by h5wasm, which is the HDF5 library compiled to WebAssembly (https://github.com/usnistgov/h5wasm). Its
 * functions answer garbage after an error and say on standard error only that there was one; here every call is
 * followed by a look at what was said. For the thread in `hdf5-worker.ts` alone: damaged files can stop WebAssembly, or
 * make it run for ever.
 */
import { type ElementName, elementTypes, Unreadable } from '../element-types.js'
import type { Attributes, Variable } from './hdf5-protocol.js'

/** The library's functions. */
export type Library = Awaited<typeof import('h5wasm')['ready']>
type Metadata = ReturnType<Library['get_dataset_metadata']>

/** Why a file cannot be read, as the end of a sentence. */
export class Reason extends Error {}

/** What is read into WebAssembly's memory at once. */
const PIECE_BYTES = 2 ** 25
/** Numbers; NASNet's largest variable has 2²². A file of a few bytes may claim any shape. */
const LARGEST_VARIABLE = 2 ** 28
/** The library holds a whole piece of a compressed variable in memory, twice. */
const LARGEST_CHUNK = 2 ** 28
const LARGEST_ATTRIBUTE = 2 ** 24
/** Filters that are compiled in: deflate, shuffle, Fletcher's checksum, n-bit, scale and offset. */
const FILTERS = [1, 2, 3, 5, 6]

/** No bounds on the versions of the file format. */
const ANY_VERSION = -1

/** The library's lines on standard error since the last call: none as long as there was no error. */
let said: string[] = []

/** Loads the library. Must be called once in a thread whose standard error nobody else needs. */
export async function loadHdf5(): Promise<Library> {
  console.error = (...words: unknown[]) => {
    said.push(words.join(' '))
  }
  const { ready } = await import('h5wasm')
  return ready
}

/** A file that is open. Paths in it begin with a slash. */
export class Hdf5File {
  readonly #library: Library
  readonly #id: bigint

  /** Opens a file of WebAssembly's file system, or with `create` replaces what it holds. */
  constructor(library: Library, path: string, { create = false } = {}) {
    this.#library = library
    const { H5F_ACC_TRUNC, H5F_ACC_RDONLY } = library
    this.#id = this.#call('it is not an HDF5 file, or it is damaged or cut short', () =>
      library.open(path, create ? H5F_ACC_TRUNC : H5F_ACC_RDONLY, false, ANY_VERSION, ANY_VERSION),
    )
  }

  /** Names of what lies in a group. */
  children(path: string): string[] {
    return this.#call(damaged(path), () => this.#library.get_names(this.#id, path, false))
  }

  /**
   * What lies at a path of which the group above exists.
   *
   * @throws Reason where it is a link by name, to another place or another file
   */
  kind(path: string): 'group' | 'dataset' | 'other' | undefined {
    const { H5G_GROUP, H5G_DATASET } = this.#library
    return this.#call(damaged(path), () => {
      const type = this.#library.get_type(this.#id, path)
      if (type < 0) return undefined
      if (this.#library.get_symbolic_link(this.#id, path) !== null)
        throw new Reason(`its ${path} is a link to another place`)
      if (this.#library.get_external_link(this.#id, path).filename !== undefined)
        throw new Reason(`its ${path} is a link to another file`)
      if (type === H5G_GROUP) return 'group'
      return type === H5G_DATASET ? 'dataset' : 'other'
    })
  }

  attributes(path: string): string[] {
    return this.#call(damaged(path), () => this.#library.get_attribute_names(this.#id, path))
  }

  /** An attribute that holds texts, of fixed or variable length; no texts where it is an empty list of anything. */
  texts(path: string, attribute: string): string[] {
    const what = `${path}'s attribute "${attribute}"`
    return this.#call(damaged(what), () => {
      const metadata = this.#library.get_attribute_metadata(this.#id, path, attribute)
      const { type, size, total_size: count, vlen, shape } = metadata
      if (shape === null || count === 0) return []
      if (type !== this.#library.H5T_class_t.H5T_STRING.value) throw new Reason(`its ${what} holds no text`)
      if (size * count > LARGEST_ATTRIBUTE) throw new Reason(`its ${what} is too large`)
      return this.#within(size * count, (pointer) => {
        this.#library.get_attribute_data(this.#id, path, attribute, BigInt(pointer))
        if (said.length > 0) return []
        const bytes = this.#library.HEAPU8.slice(pointer, pointer + size * count)
        if (!vlen) return Array.from({ length: count }, (_, i) => fixedText(bytes, i * size, size))
        const texts = Array.from(new Uint32Array(bytes.buffer), (at) => this.#library.UTF8ToString(at))
        this.#library.reclaim_vlen_memory(this.#id, path, attribute, BigInt(pointer))
        return texts
      })
    })
  }

  /** Type and shape of a data set of numbers. */
  variable(name: string, path: string): Variable {
    const refuse = (why: string): never => {
      throw new Reason(`its ${path} ${why}`)
    }
    return this.#call(damaged(path), () => {
      const metadata = this.#library.get_dataset_metadata(this.#id, path)
      if (metadata.virtual_sources !== undefined)
        refuse('is made of parts of other files (a virtual data set)')
      for (const { id, name } of this.#library.get_dataset_filters(this.#id, path))
        if (!FILTERS.includes(id))
          refuse(`is compressed by an unknown filter (${id}${name && `, "${name}"`})`)
      const { shape } = metadata
      if (shape === null) return refuse('is empty')
      if (metadata.chunks !== null && bytesOf(metadata.chunks, 'float64') > LARGEST_CHUNK)
        refuse(`is stored in pieces of more than ${LARGEST_CHUNK / 8} numbers`)
      const dtype = this.#numberType(metadata, path)
      if (dtype === undefined) return refuse(`holds no numbers, but ${this.#typeName(metadata)}`)
      return { name, path, dtype, shape }
    })
  }

  /** The numbers of a variable. */
  read({ path, dtype, shape }: Variable): Float32Array<ArrayBuffer> {
    const size = shape.reduce((product, side) => product * side, 1)
    if (size === 0) return new Float32Array(0)
    if (size > LARGEST_VARIABLE)
      throw new Reason(`it has the shape [${shape}], too many numbers to be read at once`)
    return this.#call(damaged(path), () => {
      const rows = shape.length === 0 ? 1 : shape[0]
      const perRow = size / rows
      const atOnce = Math.max(1, Math.floor(PIECE_BYTES / bytesOf([perRow], dtype)))
      if (rows <= atOnce) return this.#readRows(path, dtype, size)
      const numbers = new Float32Array(size)
      for (let row = 0; row < rows && said.length === 0; row += atOnce) {
        const count = [Math.min(atOnce, rows - row), ...shape.slice(1)]
        const piece = this.#readRows(path, dtype, count[0] * perRow, { count, row })
        numbers.set(piece, row * perRow)
      }
      return numbers
    })
  }

  /** Makes a group, and those above it, where they are missing; its attributes become texts of fixed length. */
  createGroup(path: string, attributes: Attributes): void {
    this.#call('it cannot be written', () => {
      const parts = path.split('/').slice(1)
      for (let i = 1; i <= parts.length && path !== '/'; i++) {
        const part = `/${parts.slice(0, i).join('/')}`
        if (this.#library.get_type(this.#id, part) < 0) this.#library.create_group(this.#id, part)
      }
      for (const [name, value] of Object.entries(attributes)) this.#createAttribute(path, name, value)
    })
  }

  createDataset(path: string, shape: readonly number[], data: Float32Array): void {
    const { H5T_FLOAT } = this.#library.H5T_class_t
    this.#call('it cannot be written', () =>
      this.#within(data.byteLength, (pointer) => {
        this.#library.HEAPU8.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), pointer)
        const metadata = { type: H5T_FLOAT.value, size: 4, ...written(shape) }
        this.#library.create_dataset(this.#id, path, BigInt(pointer), metadata)
      }),
    )
  }

  /** Writes what is still in memory. */
  close(): void {
    this.#call('it cannot be written', () => this.#library.close_file(this.#id))
  }

  #createAttribute(path: string, name: string, value: string | string[]): void {
    const { H5T_STRING } = this.#library.H5T_class_t
    const texts = [value].flat().map((text) => Buffer.from(text))
    const size = Math.max(1, ...texts.map(({ length }) => length))
    const bytes = Buffer.alloc(size * texts.length)
    for (const [i, text] of texts.entries()) bytes.set(text, i * size)
    this.#within(bytes.length, (pointer) => {
      this.#library.HEAPU8.set(bytes, pointer)
      const shape = Array.isArray(value) ? [texts.length] : []
      const metadata = { type: H5T_STRING.value, size, cset: 1, strpad: 1, ...written(shape) }
      this.#library.create_attribute(this.#id, path, name, BigInt(pointer), metadata)
    })
  }

  #readRows(
    path: string,
    dtype: ElementName,
    size: number,
    part?: { count: number[]; row: number },
  ): Float32Array<ArrayBuffer> {
    const bytes = bytesOf([size], dtype)
    const count = part?.count.map(BigInt) ?? null
    const offset = part?.count.map((_, i) => BigInt(i === 0 ? part.row : 0)) ?? null
    const strides = part?.count.map(() => 1n) ?? null
    return this.#within(bytes, (pointer) => {
      this.#library.get_dataset_data(this.#id, path, count, offset, strides, BigInt(pointer))
      return elementTypes[dtype].toFloat32(
        this.#library.HEAPU8.slice(pointer, pointer + bytes).buffer as ArrayBuffer,
      )
    })
  }

  #numberType({ type, size, signed }: Metadata, path: string): ElementName | undefined {
    const { H5T_FLOAT, H5T_INTEGER, H5T_OPAQUE } = this.#library.H5T_class_t
    if (type === H5T_INTEGER.value && [1, 2, 4, 8].includes(size))
      return `${signed ? '' : 'u'}int${size * 8}` as ElementName
    if (type !== H5T_FLOAT.value && type !== H5T_OPAQUE.value) return undefined
    // HDF5 knows no bfloat16: Keras says in an attribute that two bytes are one.
    const isBfloat16 =
      size === 2 && this.attributes(path).includes('dtype') && this.texts(path, 'dtype')[0] === 'bfloat16'
    if (isBfloat16) return 'bfloat16'
    const isFloat = type === H5T_FLOAT.value && [2, 4, 8].includes(size)
    return isFloat ? (`float${size * 8}` as ElementName) : undefined
  }

  /** For people: elements that are no numbers. */
  #typeName({ type }: Metadata): string {
    const { H5T_STRING, H5T_REFERENCE, H5T_COMPOUND, H5T_OPAQUE } = this.#library.H5T_class_t
    const names: Record<number, string> = {
      [H5T_STRING.value]: 'texts',
      [H5T_REFERENCE.value]: 'references to objects',
      [H5T_COMPOUND.value]: 'records',
      [H5T_OPAQUE.value]: 'bytes of a type that it does not name (bfloat16?); save the model in float32',
    }
    return names[type] ?? `elements of HDF5's class ${type}`
  }

  /** Runs `use` with memory of WebAssembly, by its address. */
  #within<T>(bytes: number, use: (pointer: number) => T): T {
    const pointer = this.#library._malloc(Math.max(1, bytes))
    if (pointer === 0) throw new Reason('there is not enough memory')
    try {
      return use(pointer)
    } finally {
      this.#library._free(pointer)
    }
  }

  /** Calls the library; throws a `Reason` when it has said anything on standard error. */
  #call<T>(reason: string, call: () => T): T {
    let result: T
    try {
      result = call()
    } catch (error) {
      if (error instanceof Reason) throw error
      const why = error instanceof Unreadable ? `it ${error.message}` : explained(reason)
      throw new Reason(why, { cause: error })
    }
    if (said.length > 0) throw new Reason(explained(reason))
    return result
  }
}

const damaged = (what: string): string => `its ${what} is damaged`

/** The few errors of the library that say something else than that a file is damaged. */
function explained(reason: string): string {
  const text = said.join('\n')
  said = []
  if (/external (raw data )?file/i.test(text)) return 'its numbers lie in other files (external storage)'
  if (/memory allocation failed|unable to allocate/i.test(text)) return 'there is not enough memory'
  return reason
}

const bytesOf = (shape: readonly number[], dtype: ElementName): number =>
  shape.reduce((product, side) => product * side, elementTypes[dtype].bytes)

function fixedText(bytes: Uint8Array, start: number, size: number): string {
  const padded = Buffer.from(bytes.buffer, bytes.byteOffset + start, size)
  const end = padded.indexOf(0)
  return padded.toString('utf8', 0, end < 0 ? size : end)
}

/** What the library wants to know of all that is written. */
function written(shape: readonly number[]) {
  const sides = shape.map(BigInt)
  return {
    signed: false,
    littleEndian: true,
    vlen: false,
    shape: sides,
    maxshape: sides,
    chunks: null,
    total_size: 0,
  }
}
