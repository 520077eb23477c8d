import { CocoError } from '../common/problems.js'
import type { CompressedRle, Rle, Segmentation } from '../common/types.js'
import { boxIous } from './boxes.js'
import { countsOf } from './check-rle.js'
import { compressCounts } from './compressed-counts.js'
import { packedPolygons } from './packed-polygons.js'
import { runsFromPolygon } from './polygons.js'
import { mergeRuns, type Runs, runsArea, runsBox, runsIntersection } from './rle.js'

/** The runs of an RLE; throws if its counts do not fill height × width. */
export function toRuns(rle: Rle): Runs {
  const counts = countsOf(rle)
  if (typeof counts === 'string') throw new CocoError(`The mask is not usable: ${counts}.`)
  const [height, width] = rle.size
  return { height, width, counts }
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

/** The mask of a checked entry, its polygons packed or not. */
export function runsOf(entry: { segmentation?: Segmentation | null }, height: number, width: number): Runs {
  const packed = packedPolygons(entry)
  if (!packed) return drawSegmentation(entry.segmentation!, height, width)
  const coordinates = Float64Array.from(packed.hundredths, (value) => value / 100)
  let counts: Uint32Array | undefined
  let from = 0
  for (const length of packed.lengths) {
    const one = runsFromPolygon(coordinates, height, width, from, from + length)
    counts = counts ? mergeRuns(counts, one, false) : one
    from += length
  }
  return { height, width, counts: counts! }
}

/** The mask of a checked segmentation: polygons are drawn and joined. */
export function drawSegmentation(segmentation: Segmentation, height: number, width: number): Runs {
  if (!Array.isArray(segmentation)) return toRuns(segmentation)
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
  const areas = gt.map((runs) => runsArea(runs.counts))
  for (let d = 0; d < dt.length; d++) {
    const area = runsArea(dt[d].counts)
    for (let g = 0; g < gt.length; g++) {
      const at = d * gt.length + g
      if (out[at] === 0) continue
      if (dt[d].height !== gt[g].height || dt[d].width !== gt[g].width) {
        out[at] = -1
        continue
      }
      const common = runsIntersection(dt[d].counts, gt[g].counts)
      out[at] = common === 0 ? 0 : common / (crowds[g] ? area : area + areas[g] - common)
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
