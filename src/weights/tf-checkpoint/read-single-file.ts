/**
 * Checkpoints of TensorFlow's first format (`tensorflow/core/util/tensor_slice_writer.h`, and
 * `tf.compat.v1.train.Saver(write_version=1)`): one sorted-string table, whose first entry lists the tensors and whose
 * others hold their numbers.
 */
import { UserError } from '../../shared/errors.js'
import { Unreadable } from '../element-types.js'
import type { TensorSource } from '../source.js'
import {
  type CheckpointFile,
  checkpointSource,
  openFile,
  type Piece,
  parsed,
  type Variable,
} from './checkpoint-source.js'
import { type Dtype, dtypeOf } from './dtypes.js'
import {
  isBundleHeader,
  readSavedNumbers,
  readSavedVariables,
  type SavedNumbers,
  type SavedVariable,
} from './messages.js'
import { fill, product, regionOf, sliceKey } from './slices.js'
import { openTable, type SortedTable } from './sorted-table.js'

/** @param path As the user named it; the same as `name`, or a folder that leads to it */
export async function openSingleFile(path: string, name: string): Promise<TensorSource> {
  const file = await openFile(name, `There is no file ${name}`)
  try {
    const table = await openTable(file.bytes, file.damaged)
    const list = await table.get(Buffer.alloc(0))
    if (list === undefined) throw file.damaged('it does not list its tensors')
    if (isBundleHeader(list))
      throw new UserError(
        `${name} is the index of a checkpoint in several files; give it its name back, ` +
          'X.index beside X.data-00000-of-00001',
      )
    const saved = parsed(file.damaged, () => readSavedVariables(list))
    const variables = new Map(saved.map((variable) => [variable.name, variableOf(variable, table, file)]))
    return checkpointSource(path, variables, [file])
  } catch (error) {
    await file.close()
    throw error
  }
}

function variableOf(
  { name, dtype: number, shape, slices }: SavedVariable,
  table: SortedTable,
  { bytes, damaged }: CheckpointFile,
): Variable {
  // No number takes less than a byte, so that no forged shape makes us ask for more memory than there are bytes.
  if (!shape.every((side) => side >= 0) || !(product(shape) <= bytes.size))
    throw damaged(`"${name}" has the shape [${shape}]`)
  const dtype = dtypeOf(number)
  const pieces = slices.map((extents): Piece => {
    const region = regionOf(extents, shape)
    if (region === undefined) throw damaged(`a piece of "${name}" lies outside it`)
    const read = async () => {
      const value = await table.get(sliceKey(name, extents))
      if (value === undefined) throw damaged(`"${name}" is listed, but not there`)
      const numbers = toFloat32(
        parsed(damaged, () => readSavedNumbers(value)),
        dtype,
      )
      const expected = product(region.length)
      if (numbers.length !== expected)
        throw damaged(`"${name}" has ${numbers.length} numbers where ${expected} belong`)
      return numbers
    }
    return { ...region, read }
  })
  if (!fill(pieces, shape)) throw damaged(`the pieces of "${name}" do not fill it`)
  return { info: { name, dtype: dtype.name, shape }, pieces }
}

/** The field of TensorProto that holds numbers of a type. */
const fields: Record<string, keyof SavedNumbers> = {
  ...{ float32: 'float', float64: 'double', float16: 'half', bool: 'bool', int64: 'int64' },
  ...{ int32: 'int', int16: 'int', int8: 'int', uint16: 'int', uint8: 'int' },
}

function toFloat32(numbers: SavedNumbers, dtype: Dtype): Float32Array {
  const field = fields[dtype.name]
  if (field === undefined)
    throw new Unreadable(
      `is of the type ${dtype.name}, which cannot be read from a checkpoint of this format`,
    )
  if (field === 'float' || field === 'double') return dtype.toFloat32(joined(numbers[field], dtype.bytes!))
  if (field === 'half') return dtype.toFloat32(Uint16Array.from(numbers.half).buffer)
  return Float32Array.from(numbers[field])
}

/** The bytes in a buffer of their own, without what is left over behind the last whole number. */
function joined(parts: readonly Uint8Array[], bytesEach: number): ArrayBuffer {
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  const all = new Uint8Array(length - (length % bytesEach))
  let at = 0
  for (const part of parts) {
    all.set(part.subarray(0, all.length - at), at)
    at += part.length
  }
  return all.buffer
}
