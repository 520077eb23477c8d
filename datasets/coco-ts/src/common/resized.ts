/** A longer copy of a typed array, with zeros at its end. */
export function resized<T extends Float64Array | Int32Array | Uint8Array>(array: T, length: number): T {
  const larger = new (array.constructor as new (length: number) => T)(length)
  larger.set(array)
  return larger
}
