/** The numbers that weights/golden/make_faster_rcnn_nas.py draws too. */

/** `count` numbers in [−1, 1): a linear congruential generator that FNV-1a of the key starts. */
export function drawnByName(key: string, count: number): Float64Array {
  let state = 2166136261
  for (const byte of new TextEncoder().encode(key)) state = Math.imul(state ^ byte, 16777619) >>> 0
  return Float64Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 31 - 1
  })
}
