/** Element types of TensorFlow (`tensorflow/core/framework/types.proto`), and how their numbers become float32. */

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

/** Numbers that cannot become float32; the message goes on after the tensor's name. */
export class Unreadable extends Error {}

type NumberArray = { BYTES_PER_ELEMENT: number; new (buffer: ArrayBuffer): ArrayLike<number> }
type BigArray = { BYTES_PER_ELEMENT: number; new (buffer: ArrayBuffer): ArrayLike<bigint> }

const plain = (name: string, Values: NumberArray): Dtype => ({
  name,
  bytes: Values.BYTES_PER_ELEMENT,
  toFloat32: (buffer) => Float32Array.from(new Values(buffer)),
})

const big = (name: string, Values: BigArray): Dtype => ({
  name,
  bytes: Values.BYTES_PER_ELEMENT,
  toFloat32: (buffer) => Float32Array.from(new Values(buffer), Number),
})

/** Types of 16 bits whose every value is a float32, which `bits` gives as its own bits. */
const half = (name: string, bits: (half: number) => number): Dtype => ({
  name,
  bytes: 2,
  toFloat32: (buffer) => new Float32Array(Uint32Array.from(new Uint16Array(buffer), bits).buffer),
})

const other = (name: string): Dtype => ({
  name,
  toFloat32: () => {
    throw new Unreadable(`is of the type ${name}, which holds no plain numbers`)
  },
})

/** Sign, 5 bits of exponent with bias 15, 10 of fraction: IEEE 754's binary16. */
function float16Bits(value: number): number {
  const sign = (value & 0x8000) << 16
  const exponent = (value >>> 10) & 31
  const fraction = value & 1023
  if (exponent === 31) return sign | 0x7f800000 | (fraction << 13)
  if (exponent > 0) return sign | ((exponent + 112) << 23) | (fraction << 13)
  if (fraction === 0) return sign
  // Subnormal: float32 has an exponent for it.
  const shift = Math.clz32(fraction) - 21
  return sign | ((113 - shift) << 23) | (((fraction << shift) & 1023) << 13)
}

function fromFloat64(buffer: ArrayBuffer): Float32Array {
  const values = new Float64Array(buffer)
  const rounded = Float32Array.from(values)
  const at = rounded.findIndex((value, i) => !Number.isFinite(value) && Number.isFinite(values[i]))
  if (at >= 0) throw new Unreadable(`holds ${values[at]}, which is beyond what float32 can hold`)
  return rounded
}

const dtypes: Record<number, Dtype> = {
  1: { name: 'float32', bytes: 4, toFloat32: (buffer) => new Float32Array(buffer) },
  2: { name: 'float64', bytes: 8, toFloat32: fromFloat64 },
  3: plain('int32', Int32Array),
  4: plain('uint8', Uint8Array),
  5: plain('int16', Int16Array),
  6: plain('int8', Int8Array),
  7: other('string'),
  8: other('complex64'),
  9: big('int64', BigInt64Array),
  10: plain('bool', Uint8Array),
  11: other('qint8'),
  12: other('quint8'),
  13: other('qint32'),
  14: half('bfloat16', (value) => value << 16),
  15: other('qint16'),
  16: other('quint16'),
  17: plain('uint16', Uint16Array),
  18: other('complex128'),
  19: half('float16', float16Bits),
  20: other('resource'),
  21: other('variant'),
  22: plain('uint32', Uint32Array),
  23: big('uint64', BigUint64Array),
  24: other('float8_e5m2'),
  25: other('float8_e4m3fn'),
  29: other('int4'),
  30: other('uint4'),
}

/** The type of this number; one that is newer than this table is known by its number alone. */
export const dtypeOf = (number: number): Dtype => dtypes[number] ?? other(`number ${number}`)

export const FLOAT32 = 1
