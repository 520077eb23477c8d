import { listed } from '../files/left-out.js'
import type { SplitPart } from './split.js'

export interface PartCount {
  images: number
  objects: number
}

/** What a category has in each part. */
export interface CategoryCounts {
  name: string
  parts: Partial<Record<SplitPart, PartCount>>
}

/**
 * Counts images and objects of each category in each part.
 *
 * @param objects The category of each object of each image
 */
export function countCategories(
  names: readonly string[],
  objects: readonly (readonly number[])[],
  parts: readonly SplitPart[],
): CategoryCounts[] {
  const used = [...new Set(parts)]
  const zero = () => Object.fromEntries(used.map((part) => [part, { images: 0, objects: 0 }]))
  const counts = names.map((name): CategoryCounts => ({ name, parts: zero() }))
  for (const [i, ofImage] of objects.entries()) {
    for (const category of ofImage) counts[category].parts[parts[i]]!.objects++
    for (const category of new Set(ofImage)) counts[category].parts[parts[i]]!.images++
  }
  return counts
}

/** What is counted, and what it belongs to. */
const WORDS = {
  object: ['a category', 'A category', 'categories'],
  image: ['a class', 'A class', 'classes'],
} as const

/** A sentence for each part that lacks categories which others have, and one on those that none has. */
export function lackingNotes(
  counts: readonly CategoryCounts[],
  counted: keyof typeof WORDS = 'object',
): string[] {
  const [one, One, many] = WORDS[counted]
  const has = ({ parts }: CategoryCounts, part: string): boolean => parts[part as SplitPart]!.objects > 0
  const parts = Object.keys(counts[0].parts)
  const known = counts.filter((entry) => parts.some((part) => has(entry, part)))
  const unknown = counts.filter((entry) => !known.includes(entry))
  const lines = parts.flatMap((part) => {
    const lacking = known.filter((entry) => !has(entry, part)).map(({ name }) => name)
    if (lacking.length === 0) return []
    const why = part === 'train' ? 'cannot be learnt' : 'cannot be measured there'
    return [
      `${part} has no ${counted} of ${lacking.length === 1 ? one : `${lacking.length} ${many}`}, which ${why}: ${listed(lacking)}.`,
    ]
  })
  return unknown.length === 0
    ? lines
    : [
        ...lines,
        `${unknown.length === 1 ? `${One} has` : `${unknown.length} ${many} have`} no ${counted} at all: ` +
          `${listed(unknown.map(({ name }) => name))}.`,
      ]
}
