/** Splits images into parts for training, validation and test. */
import { DatasetError } from '../files/errors.js'
import { count, listed } from '../files/left-out.js'
import { type HashedImage, imageHashes, nearPairs } from './near-duplicates.js'
import { type Group, stratify } from './stratify.js'

export const splitParts = ['train', 'val', 'test'] as const
export type SplitPart = (typeof splitParts)[number]

export interface SplitOptions {
  /** Shares of the images, from 0 and in all below 1. */
  val: number
  test: number
  seed: number
  /** Images whose names match it with the same text (of its groups in parentheses, or else of the whole) stay together. */
  groupBy?: RegExp
  /** Images whose hashes differ in at most so many of 64 bits stay together; null compares none. */
  nearDuplicates: number | null
  onProgress?: (done: number, count: number) => void
}

/** Images to split: three lists in the same order. */
export interface SplitInput {
  /** For messages and `groupBy`. */
  names: readonly string[]
  /** For near-duplicates. */
  images: readonly HashedImage[]
  /** Categories of each image, each once. */
  categories: readonly (readonly number[])[]
}

export interface Split {
  /** For each image. */
  parts: SplitPart[]
  /** What the user should know, in a sentence each. */
  notes: string[]
}

/**
 * Chooses a part for each image. Equal images, options and seeds give equal parts.
 *
 * @throws DatasetError when a part would have no image
 */
export async function splitImages(input: SplitInput, options: SplitOptions): Promise<Split> {
  const { val, test, seed } = options
  const total = input.names.length
  const shares = [1 - val - test, val, test]
  const wanted = splitParts.filter((_, i) => shares[i] > 0)
  refuseFew(total, { train: shares[0], val, test })
  const notes: string[] = []
  const together = new Sets(total)
  if (options.groupBy !== undefined) joinByName(input.names, options.groupBy, together, notes)
  if (options.nearDuplicates !== null)
    await joinNearDuplicates(input, options.nearDuplicates, together, notes, options.onProgress)
  const groups = together.groups()
  if (groups.length < wanted.length)
    throw new DatasetError(
      `All ${total} images must stay together in ${count(groups.length, 'group')}, which cannot be split into ` +
        `${wanted.length} parts; use another --group-by, or --near-duplicates off.`,
    )
  const chosen = stratify(
    groups.map((members) => groupOf(members, input.categories)),
    shares.filter((share) => share > 0),
    seed,
  )
  const parts = new Array<SplitPart>(total)
  for (const [g, members] of groups.entries()) for (const i of members) parts[i] = wanted[chosen[g]]
  const largest = Math.max(...groups.map(({ length }) => length))
  const empty = wanted.find((part) => !parts.includes(part))
  if (empty !== undefined)
    throw new DatasetError(
      `No image is left for ${empty}: the images form ${groups.length} groups, of which the largest has ${largest}; ` +
        `give ${empty} a larger share, or use another --group-by.`,
    )
  return { parts, notes }
}

function refuseFew(total: number, shares: Record<SplitPart, number>): void {
  for (const part of splitParts) {
    const share = shares[part]
    // Rounding must not take an image away: 0.2 of 5 is one.
    if (share > 0 && share * total < 1 - 1e-9)
      throw new DatasetError(
        `${count(total, 'image')} ${total === 1 ? 'is' : 'are'} too few to split: ${part} would get ${Number(share.toFixed(3))} of ` +
          `them, which is less than one; at least ${Math.ceil(1 / share - 1e-9)} are needed.`,
      )
  }
}

function groupOf(members: readonly number[], categories: SplitInput['categories']): Group {
  const counts = new Map<number, number>()
  for (const i of members)
    for (const category of categories[i]) counts.set(category, (counts.get(category) ?? 0) + 1)
  return { images: members.length, categories: counts }
}

function joinByName(names: readonly string[], pattern: RegExp, together: Sets, notes: string[]): void {
  const first = new Map<string, number>()
  const others: string[] = []
  for (const [i, name] of names.entries()) {
    const match = pattern.exec(name)
    if (match === null) {
      others.push(name)
      continue
    }
    const key = (match.length > 1 ? match.slice(1) : [match[0]]).join('\0')
    const before = first.get(key)
    if (before === undefined) first.set(key, i)
    else together.join(before, i)
  }
  if (others.length === names.length)
    throw new DatasetError(
      `--group-by ${pattern.source} fits no name of an image, such as ${names[0]}; change the pattern.`,
    )
  notes.push(`By their names, images form ${count(first.size, 'group')} that stay together.`)
  if (others.length > 0)
    notes.push(
      `${count(others.length, 'image')} ${others.length === 1 ? 'does' : 'do'} not fit --group-by and ` +
        `${others.length === 1 ? 'is' : 'are'} on their own: ${listed(others)}.`,
    )
}

async function joinNearDuplicates(
  { names, images }: SplitInput,
  most: number,
  together: Sets,
  notes: string[],
  onProgress?: SplitOptions['onProgress'],
): Promise<void> {
  const pairs = [...nearPairs(await imageHashes(images, onProgress), most)]
  const members = new Set(pairs.flat())
  for (const [a, b] of pairs) together.join(a, b)
  if (pairs.length > 0)
    notes.push(
      `${count(members.size, 'image')} look nearly like others and stay on one side with them: ` +
        `${listed(pairs.map(([a, b]) => `${names[a]} and ${names[b]}`))}.`,
    )
}

/** Disjoint sets of the numbers below a count. */
class Sets {
  private readonly above: number[]

  constructor(count: number) {
    this.above = Array.from({ length: count }, (_, i) => i)
  }

  join(a: number, b: number): void {
    this.above[this.top(b)] = this.top(a)
  }

  /** The members of each set, in order. */
  groups(): number[][] {
    const sets = new Map<number, number[]>()
    for (const i of this.above.keys()) {
      const set = sets.get(this.top(i))
      if (set === undefined) sets.set(this.top(i), [i])
      else set.push(i)
    }
    return [...sets.values()]
  }

  private top(i: number): number {
    while (this.above[i] !== i) {
      this.above[i] = this.above[this.above[i]]
      i = this.above[i]
    }
    return i
  }
}
