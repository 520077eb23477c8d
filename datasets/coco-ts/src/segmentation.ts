import { boxIous } from './boxes.js'
import { runsFromPolygon } from './polygons.js'
import { CocoError } from './problems.js'
import { compressCounts, decompressCounts, mergeRuns, type Runs, runsBox, runsIou } from './rle.js'
import type { CompressedRle, Rle, Segmentation } from './types.js'
import { rleFault } from './validate.js'

/** The counts of an RLE as numbers, checked: throws if they do not fill height × width. */
export function toRuns(rle: Rle): Runs {
  const fault = rleFault(rle)
  if (fault) throw new CocoError(`The mask is not usable: ${fault}.`)
  return uncheckedRuns(rle)
}

/** As `toRuns`, for an RLE that was checked when it was read. */
export function uncheckedRuns(rle: Rle): Runs {
  const { counts } = rle
  const [height, width] = rle.size
  if (typeof counts === 'string') return { height, width, counts: decompressCounts(counts) }
  return { height, width, counts: counts instanceof Uint32Array ? counts : Uint32Array.from(counts) }
}

export function fromRuns(runs: Runs): CompressedRle {
  return { size: [runs.height, runs.width], counts: compressCounts(runs.counts) }
}

/** Union, or intersection, of masks of one size. At least one. */
export function mergeAll(all: Runs[], intersect = false): Runs {
  const [{ height, width }] = all
  let { counts } = all[0]
  for (const other of all.slice(1)) {
    if (other.height !== height || other.width !== width) {
      throw new CocoError(
        `Masks of ${height} × ${width} and ${other.height} × ${other.width} cannot be merged: sizes must agree.`,
      )
    }
    counts = mergeRuns(counts, other.counts, intersect)
  }
  return { height, width, counts }
}

/** The mask of a checked segmentation: polygons are drawn and joined. */
export function drawSegmentation(segmentation: Segmentation, height: number, width: number): Runs {
  if (!Array.isArray(segmentation)) return uncheckedRuns(segmentation)
  return mergeAll(
    segmentation.map((polygon) => ({ height, width, counts: runsFromPolygon(polygon, height, width) })),
  )
}

/** As `boxIous`, for masks: `out[d * gt.length + g]`. Only masks whose boxes overlap are walked. */
export function maskIous(
  dt: Runs[],
  gt: Runs[],
  crowds: ArrayLike<number | boolean>,
  out: Float64Array,
): void {
  boxIous(tightBoxes(dt), dt.length, tightBoxes(gt), gt.length, crowds, out)
  for (let d = 0; d < dt.length; d++) {
    for (let g = 0; g < gt.length; g++) {
      const at = d * gt.length + g
      if (out[at] === 0) continue
      const sameSize = dt[d].height === gt[g].height && dt[d].width === gt[g].width
      out[at] = sameSize ? runsIou(dt[d].counts, gt[g].counts, Boolean(crowds[g])) : -1
    }
  }
}

function tightBoxes(all: Runs[]): Float64Array {
  const boxes = new Float64Array(all.length * 4)
  all.forEach((runs, i) => {
    runsBox(runs, boxes, 4 * i)
  })
  return boxes
}
