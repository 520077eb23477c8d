/**
 * Kendall's τ-b of two lists of equally many values: pairs that both lists order alike, less those that they order
 * otherwise, as a fraction of all pairs, corrected for ties (Kendall, "The treatment of ties in ranking problems",
 * 1945). In [−1, 1]; NaN when all values of one list are equal.
 */
export function kendallTau(a: readonly number[], b: readonly number[]): number {
  let [difference, untiedA, untiedB] = [0, 0, 0]
  for (let i = 0; i < a.length; i++)
    for (let j = 0; j < i; j++) {
      const [x, y] = [Math.sign(a[i] - a[j]), Math.sign(b[i] - b[j])]
      difference += x * y
      untiedA += Math.abs(x)
      untiedB += Math.abs(y)
    }
  return difference / Math.sqrt(untiedA * untiedB)
}
