/** Masks on their way to another thread: copied as a few long arrays, not as many small objects. */
import type { Annotation, CompressedRle } from '../common/types.js'
import type { COCO } from '../dataset/coco.js'
import { attach, type CloneableMask } from '../masks/packed-polygons.js'
import type { Runs } from '../masks/rle.js'
import { runsOf } from '../masks/segmentation.js'

export interface SharedMasks {
  /** Height and width of the mask of row i, from `2 * i`. */
  sizes: Int32Array
  /** The counts of compressed masks, one after the other; those of row i end at `ends[i]`. */
  text: Uint8Array
  ends: Int32Array
  /** Masks of any other form, by rows. */
  others: Map<number, CloneableMask>
}

const isCompressed = ({ segmentation }: CloneableMask): boolean =>
  segmentation !== undefined && !Array.isArray(segmentation) && typeof segmentation.counts === 'string'

/** The masks of annotations that have one, in this order. */
export function sharedMasks(annotations: readonly Annotation[], coco: COCO): SharedMasks {
  const sizes = new Int32Array(2 * annotations.length)
  const ends = new Int32Array(annotations.length)
  const others = new Map<number, CloneableMask>()
  const texts: string[] = []
  let end = 0
  annotations.forEach((annotation, row) => {
    const mask = coco.cloneableMask(annotation)
    sizes.set([mask.height, mask.width], 2 * row)
    if (isCompressed(mask)) {
      const { counts } = mask.segmentation as CompressedRle
      texts.push(counts)
      end += counts.length
    } else {
      others.set(row, mask)
    }
    ends[row] = end
  })
  // A copy, since a small buffer may be part of a larger one, which cannot be handed over.
  return { sizes, ends, others, text: Uint8Array.from(Buffer.from(texts.join(''), 'latin1')) }
}

/** Draws the mask of a row. */
export function runsOfShared({ sizes, text, ends, others }: SharedMasks): (row: number) => Runs {
  const bytes = Buffer.from(text.buffer, text.byteOffset, text.byteLength)
  return (row) => {
    const [height, width] = [sizes[2 * row], sizes[2 * row + 1]]
    const other = others.get(row)
    if (other?.page) {
      const entry = {}
      attach(entry, { page: other.page, at: 0 })
      return runsOf(entry, height, width)
    }
    const counts = bytes.toString('latin1', row > 0 ? ends[row - 1] : 0, ends[row])
    return runsOf({ segmentation: other?.segmentation ?? { size: [height, width], counts } }, height, width)
  }
}
