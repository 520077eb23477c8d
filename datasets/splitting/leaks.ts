/** Images that two parts of a data set share, or nearly so: what is measured on them says nothing about new images. */
import { FARTHEST, type HashedImage, imageHashes, nearPairs } from './near-duplicates.js'

export interface NamedPart {
  name: string
  /** Of its images, or what else they are called. */
  paths: readonly string[]
  /** How they are read, in the same order, where that is not by their paths. */
  images?: readonly HashedImage[]
}

export interface Leak {
  /** Two parts. */
  parts: [string, string]
  /** Images of the second that look nearly as one of the first. */
  count: number
  /** The first such pair. */
  example: [string, string]
}

/**
 * Finds images that look nearly the same in two parts, by a hash of each. Images that cannot be read match none.
 *
 * @param onProgress called with images that are read, and all
 */
export async function findLeaks(
  parts: readonly NamedPart[],
  onProgress?: (done: number, count: number) => void,
): Promise<Leak[]> {
  const images = parts.flatMap(({ paths, images: read = paths }, part) =>
    paths.map((path, i) => ({ path, image: read[i], part })),
  )
  const hashes = await imageHashes(
    images.map(({ image }) => image),
    onProgress,
  )
  const found = new Map<string, { leaked: Set<number>; leak: Leak }>()
  for (const pair of nearPairs(hashes, FARTHEST)) {
    const [one, other] = [...pair].sort((a, b) => images[a].part - images[b].part)
    if (images[one].part === images[other].part) continue
    const names: Leak['parts'] = [parts[images[one].part].name, parts[images[other].part].name]
    const key = names.join('\n')
    const entry = found.get(key) ?? {
      leaked: new Set<number>(),
      leak: { parts: names, count: 0, example: [images[one].path, images[other].path] },
    }
    found.set(key, entry)
    entry.leaked.add(other)
  }
  return [...found.values()].map(({ leaked, leak }) => ({ ...leak, count: leaked.size }))
}
