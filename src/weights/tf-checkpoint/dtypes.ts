/** Element types of TensorFlow (`tensorflow/core/framework/types.proto`). */
import { elementTypes, Unreadable } from '../element-types.js'

export interface Dtype {
  name: string
  /** Bytes of an element, for types that hold plain numbers. */
  bytes?: number
  /**
   * @param buffer Elements, little-endian, and nothing else
   * @throws Unreadable where the type holds no plain numbers, or one is beyond float32
   */
  toFloat32: (buffer: ArrayBuffer) => Float32Array
}

const other = (name: string): Dtype => ({
  name,
  toFloat32: () => {
    throw new Unreadable(`is of the type ${name}, which holds no plain numbers`)
  },
})

const dtypes: Record<number, Dtype> = {
  1: elementTypes.float32,
  2: elementTypes.float64,
  3: elementTypes.int32,
  4: elementTypes.uint8,
  5: elementTypes.int16,
  6: elementTypes.int8,
  7: other('string'),
  8: other('complex64'),
  9: elementTypes.int64,
  10: elementTypes.bool,
  11: other('qint8'),
  12: other('quint8'),
  13: other('qint32'),
  14: elementTypes.bfloat16,
  15: other('qint16'),
  16: other('quint16'),
  17: elementTypes.uint16,
  18: other('complex128'),
  19: elementTypes.float16,
  20: other('resource'),
  21: other('variant'),
  22: elementTypes.uint32,
  23: elementTypes.uint64,
  24: other('float8_e5m2'),
  25: other('float8_e4m3fn'),
  29: other('int4'),
  30: other('uint4'),
}

/** The type of this number; one that is newer than this table is known by its number alone. */
export const dtypeOf = (number: number): Dtype => dtypes[number] ?? other(`number ${number}`)

export const FLOAT32 = 1
