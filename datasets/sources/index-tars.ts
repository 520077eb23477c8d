import { stat } from 'node:fs/promises'
import { inParallel } from '../files/parallel.js'
import { cachedIndex } from './index-cache.js'
import type { OpenSettings } from './opened.js'
import type { IndexOptions, TarIndex } from './tar-images.js'

/** Tar files that are read at the same time: as many as Node reads from the disk by default. */
const PARALLEL = 4

/** A tar file, and how its index is made. */
export interface TarToIndex {
  path: string
  /** Names the way, since the index depends on it. */
  kind: string
  index: (path: string, options: IndexOptions) => Promise<TarIndex>
}

/**
 * The indexes of tar files, in their order; those that were made before are taken from the cache.
 *
 * @throws what the index of the first one throws that cannot be made; the signal's reason when it is aborted
 */
export async function indexTars(
  tars: readonly TarToIndex[],
  { cacheDir, signal, onProgress }: OpenSettings,
): Promise<TarIndex[]> {
  const sizes = await Promise.all(tars.map(async ({ path }) => (await stat(path)).size))
  const total = sizes.reduce((sum, size) => sum + size, 0)
  const found = new Array<TarIndex>(tars.length)
  const failures = new Map<number, unknown>()
  let done = 0
  await inParallel(tars.entries(), PARALLEL, async ([i, { path, kind, index }]) => {
    // Tars are begun in their order, so that of those that fail the first one is always among these.
    if (failures.size > 0) return
    let behind = 0
    const onBytes = (bytes: number): void => {
      done += bytes - behind
      behind = bytes
      onProgress?.({ unit: 'bytes', done, total })
    }
    try {
      signal?.throwIfAborted()
      found[i] = await cachedIndex(cacheDir, kind, path, () => index(path, { signal, onBytes }))
      onBytes(sizes[i])
    } catch (error) {
      failures.set(i, error)
    }
  })
  if (failures.size > 0) throw failures.get(Math.min(...failures.keys()))
  return found
}
