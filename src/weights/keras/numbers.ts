/** Numbers of any type as float32. */
import type { NumberType } from './hdf5-protocol.js'

const bytes: Record<NumberType, number> = {
  float16: 2,
  bfloat16: 2,
  float32: 4,
  float64: 8,
  int8: 1,
  int16: 2,
  int32: 4,
  int64: 8,
  uint8: 1,
  uint16: 2,
  uint32: 4,
  uint64: 8,
}

export const bytesPerNumber = (dtype: NumberType): number => bytes[dtype]

/** Little-endian numbers as float32: the nearest value where float32 is narrower. */
export function toFloat32(data: Uint8Array<ArrayBuffer>, dtype: NumberType): Float32Array<ArrayBuffer> {
  const { buffer } = data
  switch (dtype) {
    case 'float32':
      return new Float32Array(buffer)
    case 'float64':
      return Float32Array.from(new Float64Array(buffer))
    case 'float16':
      return Float32Array.from(new Uint16Array(buffer), fromFloat16)
    case 'bfloat16':
      return new Float32Array(Uint32Array.from(new Uint16Array(buffer), (bits) => bits << 16).buffer)
    case 'int8':
      return Float32Array.from(new Int8Array(buffer))
    case 'int16':
      return Float32Array.from(new Int16Array(buffer))
    case 'int32':
      return Float32Array.from(new Int32Array(buffer))
    case 'int64':
      return fromBigInts(new BigInt64Array(buffer))
    case 'uint8':
      return Float32Array.from(new Uint8Array(buffer))
    case 'uint16':
      return Float32Array.from(new Uint16Array(buffer))
    case 'uint32':
      return Float32Array.from(new Uint32Array(buffer))
    case 'uint64':
      return fromBigInts(new BigUint64Array(buffer))
  }
}

/** Of IEEE 754's binary16: 1 bit of sign, 5 of exponent, 10 of fraction. */
function fromFloat16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : Number.NaN
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15))
}

function fromBigInts(numbers: BigInt64Array | BigUint64Array): Float32Array<ArrayBuffer> {
  const result = new Float32Array(numbers.length)
  for (let i = 0; i < numbers.length; i++) result[i] = Number(numbers[i])
  return result
}
