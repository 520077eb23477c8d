/**
 * The places nearest to the desired ones, by least squares, that keep their order and are at least `gaps[i]` apart
 * (place i from place i + 1): isotonic regression by pooling adjacent violators.
 */
export function orderedPlaces(
  desired: readonly number[],
  gaps: readonly number[],
  weights: readonly number[] = desired.map(() => 1),
): number[] {
  // Less the gaps before them, places need only not decrease.
  const offsets = [0]
  for (const gap of gaps.slice(0, Math.max(0, desired.length - 1))) offsets.push(offsets.at(-1)! + gap)
  const pools: { sum: number; weight: number; count: number }[] = []
  for (const [i, place] of desired.entries()) {
    let pool = { sum: weights[i] * (place - offsets[i]), weight: weights[i], count: 1 }
    while (pools.length > 0 && pools.at(-1)!.sum / pools.at(-1)!.weight > pool.sum / pool.weight) {
      const { sum, weight, count } = pools.pop()!
      pool = { sum: pool.sum + sum, weight: pool.weight + weight, count: pool.count + count }
    }
    pools.push(pool)
  }
  return pools
    .flatMap(({ sum, weight, count }) => new Array<number>(count).fill(sum / weight))
    .map((place, i) => place + offsets[i])
}
