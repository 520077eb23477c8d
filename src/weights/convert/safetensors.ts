/** Safetensors files as a source of weights: PyTorch's, timm's and the toolkit's own. */
import { UserError } from '../../shared/errors.js'
import { openSafetensors, readSafetensors } from '../../shared/safetensors.js'
import { type ElementType, elementTypes, nameUnreadable } from '../element-types.js'
import type { TensorInfo, TensorSource } from '../source.js'

/** Element types of weights by the file's name for them. */
const TYPES: Readonly<Record<string, ElementType>> = {
  F32: elementTypes.float32,
  F64: elementTypes.float64,
  F16: elementTypes.float16,
  BF16: elementTypes.bfloat16,
  I64: elementTypes.int64,
  I32: elementTypes.int32,
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
    tensors.set(name, { name, dtype: TYPES[dtype]?.name ?? dtype, shape })
    dtypes.set(name, dtype)
  }
  return {
    path,
    tensors,
    async read(name) {
      const dtype = dtypes.get(name)!
      if (!Object.hasOwn(TYPES, dtype))
        throw new UserError(`${path}: "${name}" holds numbers of the type ${dtype}, which are no weights`)
      const { buffer } = await file.read(name)
      try {
        return TYPES[dtype].toFloat32(buffer)
      } catch (error) {
        throw nameUnreadable(`"${name}" in ${path}`, error)
      }
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
