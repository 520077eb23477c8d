/** Safetensors files as a source of weights: PyTorch's, timm's and the toolkit's own. */
import { UserError } from '../../shared/errors.js'
import { openSafetensors, readSafetensors } from '../../shared/safetensors.js'
import type { TensorInfo, TensorSource } from '../source.js'

/** Element types by the file's name for them: the usual name, and what makes float32 of the bytes. */
const DTYPES: Readonly<Record<string, { name: string; read?: (bytes: ArrayBuffer) => Float32Array }>> = {
  F32: { name: 'float32', read: (bytes) => new Float32Array(bytes) },
  F64: { name: 'float64', read: (bytes) => Float32Array.from(new Float64Array(bytes)) },
  F16: { name: 'float16', read: (bytes) => Float32Array.from(new Uint16Array(bytes), halfToFloat) },
  BF16: { name: 'bfloat16', read: readBrainFloats },
  I64: { name: 'int64', read: (bytes) => Float32Array.from(new BigInt64Array(bytes), Number) },
  I32: { name: 'int32', read: (bytes) => Float32Array.from(new Int32Array(bytes)) },
}

/**
 * Opens a safetensors file. Numbers of other types become float32: those of 16 bits exactly, those of 64 bits the nearest.
 * A file with the toolkit's checksum is verified.
 *
 * @throws UserError that names the file when it is missing or damaged
 */
export async function openSafetensorsSource(path: string): Promise<TensorSource> {
  const file = await openSafetensors(path)
  if (file.hasChecksum) {
    await file.close()
    return inMemory(path)
  }
  const tensors = new Map<string, TensorInfo>()
  const dtypes = new Map<string, string>()
  for (const { name, dtype, shape } of file.entries) {
    tensors.set(name, { name, dtype: DTYPES[dtype]?.name ?? dtype, shape })
    dtypes.set(name, dtype)
  }
  return {
    path,
    tensors,
    async read(name) {
      const dtype = dtypes.get(name)!
      const read = DTYPES[dtype]?.read
      if (read === undefined)
        throw new UserError(`${path}: "${name}" holds numbers of the type ${dtype}, which are no weights`)
      return read((await file.read(name)).buffer)
    },
    close: () => file.close(),
  }
}

/** The toolkit's own files: their checksum covers all numbers, so that they are read whole. */
async function inMemory(path: string): Promise<TensorSource> {
  const { tensors } = await readSafetensors(path)
  const infos = [...tensors].map(([name, { shape }]): [string, TensorInfo] => [
    name,
    { name, dtype: 'float32', shape },
  ])
  return {
    path,
    tensors: new Map(infos),
    async read(name) {
      const { data } = tensors.get(name)!
      if (data instanceof Float32Array) return data
      throw new UserError(`${path}: "${name}" holds no float32 numbers`)
    },
    close: async () => {},
  }
}

/** A number of 16 bits (IEEE 754 binary16); every one is a float32 too. */
export function halfToFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 31
  const fraction = bits & 1023
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}

/** bfloat16 is the upper half of a float32. */
function readBrainFloats(bytes: ArrayBuffer): Float32Array {
  return new Float32Array(Uint32Array.from(new Uint16Array(bytes), (bits) => bits << 16).buffer)
}
