import type { CategoryResult } from './category-result.js'

/** The limits from the smallest up. */
export class Limits {
  /** Their places in `maxDets`. */
  readonly order: number[]
  private readonly limit: number[]

  constructor(maxDets: readonly number[]) {
    this.order = [...maxDets.keys()].sort((a, b) => maxDets[a] - maxDets[b])
    this.limit = this.order.map((m) => maxDets[m])
  }

  get count(): number {
    return this.order.length
  }

  /** For each rank below `most`, the first limit in order that is above it; `count` where there is none. */
  firstAbove(most: number): Uint16Array {
    return Uint16Array.from({ length: most }, (_, rank) => {
      const p = this.limit.findIndex((limit) => rank < limit)
      return p < 0 ? this.count : p
    })
  }
}

/**
 * Detections that match something, in images that are included, and how many others come before them. P limits are
 * counted from the smallest up.
 */
export interface Matched {
  count: number
  /** Their places in the result, and their columns in its matches. */
  place: Int32Array
  column: Int32Array
  /** The first limit that each is within. */
  within: Uint16Array
  /**
   * False positives before each that never match anything: for area a, the ith of them and those within limit p, at
   * `(i * A + a) * P + p`.
   */
  wrongBefore: Int32Array
  /** For each limit: the first detection that counts, matched or not, or −1; and how many count that did not before. */
  first: Int32Array
  added: Int32Array
}

/** Detections without a column in `matches` are the same at every threshold, so that counting them once is enough. */
export function findMatched(
  result: CategoryResult,
  areas: readonly number[],
  limits: Limits,
  included: Uint8Array,
): Matched {
  const { column, exempt, rank, image, detections, matched } = result
  const [A, P] = [areas.length, limits.count]
  const out: Matched = {
    count: 0,
    place: new Int32Array(matched),
    column: new Int32Array(matched),
    within: new Uint16Array(matched),
    wrongBefore: new Int32Array(A * P * matched),
    first: new Int32Array(P).fill(-1),
    added: new Int32Array(P),
  }
  const firstAbove = limits.firstAbove(1 + largest(rank))
  const base = Int32Array.from(areas, (area) => area * detections)
  // For area a, and limit p alone, at `a * P + p`.
  const wrong = new Int32Array(A * P)
  for (let d = 0; d < detections; d++) {
    const p = firstAbove[rank[d]]
    if (p === P || included[image[d]] === 0) continue
    if (out.added[p]++ === 0) for (let q = p; q < P; q++) if (out.first[q] < 0) out.first[q] = d
    if (column[d] < 0) {
      for (let a = 0; a < A; a++) wrong[a * P + p] += 1 - exempt[base[a] + d]
      continue
    }
    let at = out.count * A * P
    for (let a = 0; a < A; a++) {
      let before = 0
      for (let q = 0; q < P; q++) {
        before += wrong[a * P + q]
        out.wrongBefore[at++] = before
      }
    }
    out.place[out.count] = d
    out.within[out.count] = p
    out.column[out.count++] = column[d]
  }
  return out
}

function largest(values: Int32Array): number {
  let most = -1
  for (let i = 0; i < values.length; i++) if (values[i] > most) most = values[i]
  return most
}
