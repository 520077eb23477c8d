/** What holding images out for validation has in common, whether they have one class each or objects. */
import { DatasetError } from '../files/errors.js'
import { count, listed } from '../files/left-out.js'
import { FARTHEST } from './near-duplicates.js'
import type { SplitOptions } from './split.js'

/** Images from which on some are held out without being asked for. */
export const LEAST_IMAGES = 10
/** The share that is held out then, and so many images at most: they are measured on again and again. */
const SHARE = 0.2
const MOST_IMAGES = 1000
/** Images that are compared to find near-duplicates: some half a minute. */
const MOST_COMPARED = 5000

/** The share of `total` images that is held out where none is asked for. */
export const usualShare = (total: number): number => Math.min(SHARE, MOST_IMAGES / total)

const isCompared = (total: number): boolean => total <= MOST_COMPARED

/** How `total` images are split, with near-duplicates on one side where they are few enough to be compared. */
export const holdOutOptions = (
  total: number,
  share: number,
  { seed, onProgress }: Pick<SplitOptions, 'seed' | 'onProgress'>,
): SplitOptions => ({
  ...{ val: share, test: 0, seed, onProgress, nearDuplicates: isCompared(total) ? FARTHEST : null },
})

/** The split; where its share was `chosen` and not asked for, why there can be none, in a sentence. */
export function splitOrReason<T>(split: Promise<T>, chosen: boolean): Promise<T | string> {
  return split.catch((error) => {
    if (chosen && error instanceof DatasetError) return `Nothing is held out for validation. ${error.message}`
    throw error
  })
}

/**
 * What was held out of `total` images, in a sentence each; for the user to see.
 *
 * @param further notes of the split
 */
export const heldOutNotes = (
  { held, total, examples }: { held: number; total: number; examples: readonly string[] },
  further: readonly string[],
): string[] => [
  `${count(held, 'image')} of ${total}, such as ${listed(examples)}, ` +
    `${held === 1 ? 'is' : 'are'} held out for validation; --val-fraction 0 trains on all.`,
  ...(isCompared(total)
    ? []
    : [`Of more than ${count(MOST_COMPARED, 'image')}, near-duplicates are not looked for.`]),
  ...further,
]
