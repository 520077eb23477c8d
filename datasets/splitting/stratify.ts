/**
 * Iterative stratification: parts of a data set in which each category is as frequent as in the whole, also where images
 * have several categories (K. Sechidis, G. Tsoumakas, I. Vlahavas, "On the Stratification of Multi-Label Data", ECML PKDD
 * 2011, algorithm 1), for groups of images that must stay together.
 */
import { random, shuffle } from '../../src/shared/random.js'

/** Images that stay together. */
export interface Group {
  images: number
  /** Images with each category, by category. */
  categories: ReadonlyMap<number, number>
}

/**
 * Chooses a part for each group: the category with the fewest images that are left goes first, and each of its groups to
 * the part that lacks most of it, large groups before small ones; groups without a category go last.
 *
 * @param shares Of the parts; their sum is 1
 * @param seed Decides between equals
 * @returns For each group the index of its part
 */
export function stratify(groups: readonly Group[], shares: readonly number[], seed: number): number[] {
  const { uniform } = random(seed, 'stratify')
  const order = shuffle([...groups.keys()], uniform).sort((a, b) => groups[b].images - groups[a].images)
  const parts = new Array<number>(groups.length).fill(-1)
  const total = groups.reduce((sum, { images }) => sum + images, 0)
  const wanted = shares.map((share) => share * total)
  const left = new Map<number, number>()
  for (const { categories } of groups)
    for (const [category, count] of categories) left.set(category, (left.get(category) ?? 0) + count)
  const wantedOf = new Map(
    [...left].map(([category, count]) => [category, shares.map((share) => share * count)]),
  )

  const assign = (group: number, part: number): void => {
    parts[group] = part
    wanted[part] -= groups[group].images
    for (const [category, count] of groups[group].categories) {
      wantedOf.get(category)![part] -= count
      left.set(category, left.get(category)! - count)
    }
  }
  for (;;) {
    const category = rarest(left)
    if (category === undefined) break
    const wishes = wantedOf.get(category)!
    for (const group of order)
      if (parts[group] < 0 && groups[group].categories.has(category))
        assign(group, neediest([wishes, wanted], uniform))
  }
  for (const group of order) if (parts[group] < 0) assign(group, neediest([wanted], uniform))
  return parts
}

/** The category with the fewest images that are left, but some. */
function rarest(left: ReadonlyMap<number, number>): number | undefined {
  let found: number | undefined
  for (const [category, count] of left)
    if (count > 0 && (found === undefined || count < left.get(found)!)) found = category
  return found
}

/** The place of the largest value, in the first list, or among equals in the next; else by chance. */
function neediest(lists: readonly (readonly number[])[], uniform: () => number): number {
  let places = [...lists[0].keys()]
  for (const list of lists) {
    const most = Math.max(...places.map((place) => list[place]))
    places = places.filter((place) => most - list[place] < 1e-9)
  }
  return places[Math.floor(uniform() * places.length)]
}
