/** How large a search space is, exactly. */
import { decisionSizes, type SearchSpace } from './space.js'

/** The sequences of decisions. */
export function spaceSize(space: SearchSpace): bigint {
  return decisionSizes(space).reduce((product, { size }) => product * BigInt(size), 1n)
}

/** The genotypes that differ in more than numbering and sides, as `canonicalKey` distinguishes them. */
export function distinctGenotypes(space: SearchSpace): bigint {
  return distinctCells(space) ** BigInt(space.cells.length)
}

/**
 * The cells of one kind that differ in more than numbering and sides.
 *
 * By Burnside's lemma: the mean, over all permutations of the blocks, of how many cells with numbered blocks the
 * permutation leaves as they are. That number depends on the lengths of the permutation's cycles alone.
 */
export function distinctCells(space: SearchSpace): bigint {
  const permutations = factorial(space.blocks)
  let sum = 0n
  for (const cycles of partitions(space.blocks, space.blocks)) {
    const alike = cycles.reduce(
      (order, { length, times }) => order * BigInt(length) ** BigInt(times) * factorial(times),
      1n,
    )
    sum += (permutations / alike) * fixedCells(space, cycles)
  }
  return sum / permutations
}

/** So many cycles of one length. */
interface Cycles {
  length: number
  times: number
}

/**
 * How many cells with numbered blocks, in any acyclic order, a permutation with these cycles leaves as they are.
 *
 * Some blocks of such a cell are read by no other, and with a block its whole cycle. Choose some of the cycles that are
 * unread: summed over all choices with alternating signs, each cell counts once (as Robinson counted acyclic graphs,
 * 1973), and what the chosen blocks hold depends on the remaining ones alone.
 */
function fixedCells(space: SearchSpace, cycles: Cycles[]): bigint {
  const known = new Map<string, bigint>()
  const count = (here: Cycles[]): bigint => {
    const key = here.map(({ times }) => times).join()
    const before = known.get(key)
    if (before !== undefined) return before
    let sum = here.every(({ times }) => times === 0) ? 1n : 0n
    for (const unread of choices(here)) {
      const rest = here.map(({ length, times }, index) => ({ length, times: times - unread[index] }))
      let term = count(rest)
      for (const [index, { length, times }] of here.entries())
        term *= binomial(times, unread[index]) * fixedBlocks(space, length, rest) ** BigInt(unread[index])
      sum += unread.reduce((a, b) => a + b) % 2 === 1 ? term : -term
    }
    known.set(key, sum)
    return sum
  }
  return count(cycles)
}

/**
 * What the first block of a cycle can hold, reading the cell's inputs and the blocks of `rest`; the others of its cycle
 * follow from it. Going round its cycle once must bring its two sides back, or exchange them.
 */
function fixedBlocks({ operations, combinations }: SearchSpace, length: number, rest: Cycles[]): bigint {
  /** The sides that stay when every block moves on by so many steps. */
  const fixedSides = (steps: number) => {
    const blocks = rest.reduce(
      (sum, { length, times }) => sum + (steps % length === 0 ? length * times : 0),
      0,
    )
    return BigInt(operations.length * (2 + blocks))
  }
  const once = fixedSides(length)
  return (BigInt(combinations.length) * (once * once + fixedSides(2 * length))) / 2n
}

/** The ways to write `total` as a sum of cycles, none longer than `longest`. */
function* partitions(total: number, longest: number): Generator<Cycles[]> {
  if (total === 0) yield []
  if (total === 0 || longest === 0) return
  for (let times = 0; times * longest <= total; times++)
    for (const others of partitions(total - times * longest, longest - 1))
      yield times === 0 ? others : [{ length: longest, times }, ...others]
}

/** Every way to take some of the cycles, how many of each length; at least one in all. */
function choices(cycles: Cycles[]): number[][] {
  let taken: number[][] = [[]]
  for (const { times } of cycles)
    taken = taken.flatMap((before) => Array.from({ length: times + 1 }, (_, more) => [...before, more]))
  return taken.filter((choice) => choice.some((number) => number > 0))
}

function factorial(n: number): bigint {
  return n < 2 ? 1n : BigInt(n) * factorial(n - 1)
}

function binomial(n: number, k: number): bigint {
  return factorial(n) / (factorial(k) * factorial(n - k))
}
