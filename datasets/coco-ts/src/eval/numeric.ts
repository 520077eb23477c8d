/** Distance from 1 to the next number: what pycocotools adds so that nothing is divided by 0. */
export const EPSILON = Number.EPSILON

const BLOCK = 128

/**
 * Sum of `values[from … from + count)` in the order of additions that NumPy uses (pairwise, eight at a time), so that
 * means come out equal to the last bit.
 */
export function pairwiseSum(values: ArrayLike<number>, from = 0, count = values.length - from): number {
  if (count < 8) {
    let sum = 0
    for (let i = 0; i < count; i++) sum += values[from + i]
    return sum
  }
  if (count > BLOCK) {
    let half = count >> 1
    half -= half % 8
    return pairwiseSum(values, from, half) + pairwiseSum(values, from + half, count - half)
  }
  const end = from + count
  const whole = end - (count % 8)
  let a = values[from]
  let b = values[from + 1]
  let c = values[from + 2]
  let d = values[from + 3]
  let e = values[from + 4]
  let f = values[from + 5]
  let g = values[from + 6]
  let h = values[from + 7]
  for (let i = from + 8; i < whole; i += 8) {
    a += values[i]
    b += values[i + 1]
    c += values[i + 2]
    d += values[i + 3]
    e += values[i + 4]
    f += values[i + 5]
    g += values[i + 6]
    h += values[i + 7]
  }
  let sum = a + b + (c + d) + (e + f + (g + h))
  for (let i = whole; i < end; i++) sum += values[i]
  return sum
}
