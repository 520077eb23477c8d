/** Sizes of images, for formats that do not hold them. */
import sharp from 'sharp'
import { unreadableReason } from '../classification/decode-image.js'
import { inParallel } from '../files/parallel.js'
import type { Kind, Notes } from './notes.js'

export interface Size {
  width: number
  height: number
}

/** Files whose heads are read in parallel. */
const PARALLEL = 8

const UNREADABLE: Kind = ['image cannot be read and is left out', 'images cannot be read and are left out']

/** Sizes as people see the images, in the order of the paths; images that cannot be read have none and are noted. */
export async function imageSizes(
  paths: readonly string[],
  notes: Notes,
  onProgress: (done: number, count: number) => void = () => {},
): Promise<(Size | undefined)[]> {
  const sizes = new Array<Size | undefined>(paths.length).fill(undefined)
  const reasons: (string | undefined)[] = []
  let done = 0
  await inParallel(paths.entries(), PARALLEL, async ([i, path]) => {
    try {
      const { width, height } = (await sharp(path).metadata()).autoOrient
      sizes[i] = { width, height }
    } catch (error) {
      reasons[i] = unreadableReason(error)
    }
    onProgress(++done, paths.length)
  })
  for (const [i, path] of paths.entries())
    if (sizes[i] === undefined) notes.add(UNREADABLE, `${path} (${reasons[i]})`)
  return sizes
}
