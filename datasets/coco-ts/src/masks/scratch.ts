/** Memory for results of unknown length, allocated once. */
let numbers = new Uint32Array(1 << 10)

/** At least `length` numbers, which the next call hands out again: copy what is to stay. */
export function numberScratch(length: number): Uint32Array {
  if (numbers.length < length) numbers = new Uint32Array(length * 2)
  return numbers
}

/** Doubles the scratch and keeps what it holds. */
export function growNumbers(): Uint32Array {
  const larger = new Uint32Array(numbers.length * 2)
  larger.set(numbers)
  numbers = larger
  return larger
}
