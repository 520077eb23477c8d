/** Mean and standard deviation of numbers. */
export function moments(values: ArrayLike<number>) {
  const list = Array.from(values)
  const mean = list.reduce((sum, value) => sum + value, 0) / list.length
  return {
    mean,
    deviation: Math.sqrt(list.reduce((sum, value) => sum + (value - mean) ** 2, 0) / list.length),
  }
}
