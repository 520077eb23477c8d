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

/** A sentence for each part that lacks categories which others have, and one on those that none has. */
export function lackingNotes(counts: readonly CategoryCounts[]): string[] {
  const has = ({ parts }: CategoryCounts, part: string): boolean => parts[part as SplitPart]!.objects > 0
  const parts = Object.keys(counts[0].parts)
  const known = counts.filter((one) => parts.some((part) => has(one, part)))
  const unknown = counts.filter((one) => !known.includes(one))
  const lines = parts.flatMap((part) => {
    const lacking = known.filter((one) => !has(one, part)).map(({ name }) => name)
    if (lacking.length === 0) return []
    const why = part === 'train' ? 'cannot be learnt' : 'cannot be measured there'
    return [
      `${part} has no object of ${lacking.length === 1 ? 'a category' : `${lacking.length} categories`}, which ${why}: ${listed(lacking)}.`,
    ]
  })
  return unknown.length === 0
    ? lines
    : [
        ...lines,
        `${unknown.length === 1 ? 'A category has' : `${unknown.length} categories have`} no object at all: ` +
          `${listed(unknown.map(({ name }) => name))}.`,
      ]
}
