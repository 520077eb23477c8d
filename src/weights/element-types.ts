/** Types of numbers in weight files, and how they become float32. */
import { UserError } from '../shared/errors.js'

export interface ElementType {
  name: string
  /** Of one number. */
  bytes: number
  /**
   * The nearest float32 of each number; exactly the same for the types of 8 and 16 bits.
   *
   * @param buffer Numbers, little-endian, and nothing else
   * @throws Unreadable where a float64 is beyond float32
   */
  toFloat32: (buffer: ArrayBuffer) => Float32Array<ArrayBuffer>
}

/** Numbers that cannot become float32; the message goes on after the tensor's name. */
export class Unreadable extends Error {}

/** The error for people: what cannot become float32 gets the name of its tensor, `what`; others stay as they are. */
export const nameUnreadable = (what: string, error: unknown): unknown =>
  error instanceof Unreadable ? new UserError(`${what} ${error.message}`) : error

type NumberArray = { BYTES_PER_ELEMENT: number; new (buffer: ArrayBuffer): ArrayLike<number> }
type BigArray = { BYTES_PER_ELEMENT: number; new (buffer: ArrayBuffer): ArrayLike<bigint> }

const plain = (name: string, Values: NumberArray): ElementType => ({
  name,
  bytes: Values.BYTES_PER_ELEMENT,
  toFloat32: (buffer) => Float32Array.from(new Values(buffer)),
})

const big = (name: string, Values: BigArray): ElementType => ({
  name,
  bytes: Values.BYTES_PER_ELEMENT,
  toFloat32: (buffer) => Float32Array.from(new Values(buffer), Number),
})

/** Types of 16 bits whose every value is a float32, which `bits` gives as its own bits. */
const half = (name: string, bits: (half: number) => number): ElementType => ({
  name,
  bytes: 2,
  toFloat32: (buffer) => new Float32Array(Uint32Array.from(new Uint16Array(buffer), bits).buffer),
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

function fromFloat64(buffer: ArrayBuffer): Float32Array<ArrayBuffer> {
  const values = new Float64Array(buffer)
  const rounded = Float32Array.from(values)
  const at = rounded.findIndex((value, i) => !Number.isFinite(value) && Number.isFinite(values[i]))
  if (at >= 0) throw new Unreadable(`holds ${values[at]}, which is beyond what float32 can hold`)
  return rounded
}

export const elementTypes = {
  float16: half('float16', float16Bits),
  bfloat16: half('bfloat16', (value) => value << 16),
  float32: { name: 'float32', bytes: 4, toFloat32: (buffer) => new Float32Array(buffer) },
  float64: { name: 'float64', bytes: 8, toFloat32: fromFloat64 },
  int8: plain('int8', Int8Array),
  int16: plain('int16', Int16Array),
  int32: plain('int32', Int32Array),
  int64: big('int64', BigInt64Array),
  uint8: plain('uint8', Uint8Array),
  uint16: plain('uint16', Uint16Array),
  uint32: plain('uint32', Uint32Array),
  uint64: big('uint64', BigUint64Array),
  /** A byte that is 0 or 1. */
  bool: plain('bool', Uint8Array),
} as const satisfies Record<string, ElementType>

export type ElementName = keyof typeof elementTypes
