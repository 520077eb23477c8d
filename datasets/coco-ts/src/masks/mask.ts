import { CocoError } from '../common/problems.js'
import type { Box, CompressedRle, Mask, Polygons, Rle } from '../common/types.js'
import { boxIous } from './boxes.js'
import { sizeFault } from './check-rle.js'
import { compressCounts, parseCounts } from './compressed-counts.js'
import { maskFromRuns, runsFromMask } from './pixels.js'
import { boxPolygon, runsFromPolygon } from './polygons.js'
import { type Runs, runsArea, runsBox } from './rle.js'
import { fromRuns, maskIous, mergeAll, toRuns } from './segmentation.js'

function each<In, Out>(input: In | In[], map: (one: In) => Out): Out | Out[] {
  return Array.isArray(input) ? input.map(map) : map(input)
}

/** Masks to RLE. Any byte but 0 is part of the object. */
export function encode(mask: Mask): CompressedRle
export function encode(masks: Mask[]): CompressedRle[]
export function encode(input: Mask | Mask[]): CompressedRle | CompressedRle[] {
  return each(input, ({ data, height, width }) => {
    const fault = sizeFault([height, width])
    if (fault) throw new CocoError(`The mask cannot be encoded: ${fault}.`)
    if (data.length !== height * width) {
      throw new CocoError(
        `The mask has ${data.length} bytes, but ${height} × ${width} pixels take ${height * width}.`,
      )
    }
    return { size: [height, width], counts: compressCounts(runsFromMask(data, height, width)) }
  })
}

/** RLE to masks. */
export function decode(rle: Rle): Mask
export function decode(rles: Rle[]): Mask[]
export function decode(input: Rle | Rle[]): Mask | Mask[] {
  return each(input, (rle) => {
    const runs = toRuns(rle)
    return { height: runs.height, width: runs.width, data: maskFromRuns(runs) }
  })
}

/** Union of masks of one size, or their intersection. */
export function merge(rles: Rle[], intersect = false): CompressedRle {
  if (rles.length === 0) throw new CocoError('There is no mask to merge: give at least one.')
  return fromRuns(mergeAll(rles.map(toRuns), intersect))
}

/** Pixels of the object. */
export function area(rle: Rle): number
export function area(rles: Rle[]): number[]
export function area(input: Rle | Rle[]): number | number[] {
  return each(input, (rle) => runsArea(toRuns(rle).counts))
}

/** The tight box around each mask; four zeros for an empty one. */
export function toBbox(rle: Rle): Box
export function toBbox(rles: Rle[]): Box[]
export function toBbox(input: Rle | Rle[]): Box | Box[] {
  return each(input, (rle) => {
    const box: Box = [0, 0, 0, 0]
    runsBox(toRuns(rle), box)
    return box
  })
}

function isBox(value: Rle | ArrayLike<number>): value is ArrayLike<number> {
  return 'length' in value
}

function flatBoxes(boxes: readonly ArrayLike<number>[]): Float64Array {
  const flat = new Float64Array(boxes.length * 4)
  boxes.forEach((box, i) => {
    if (box.length !== 4)
      throw new CocoError(`Box ${i} has ${box.length} numbers: it needs x, y, width, height.`)
    for (let j = 0; j < 4; j++) flat[4 * i + j] = box[j]
  })
  return flat
}

/**
 * Intersection over union of every detection (rows) with every object (columns), both boxes or both masks. Where
 * `iscrowd` marks an object as a crowd, the divisor is the detection's own area. Masks of different sizes give −1
 * where their boxes overlap, as in pycocotools.
 */
export function iou(
  dt: readonly (Rle | ArrayLike<number>)[],
  gt: readonly (Rle | ArrayLike<number>)[],
  iscrowd: ArrayLike<number | boolean>,
): Float64Array[] {
  if (iscrowd.length !== gt.length) {
    throw new CocoError(
      `iscrowd has ${iscrowd.length} entries for ${gt.length} objects: it needs one for each.`,
    )
  }
  const boxes = dt.filter(isBox).length + gt.filter(isBox).length
  if (boxes !== 0 && boxes !== dt.length + gt.length) {
    throw new CocoError('Detections and objects must be all boxes or all masks.')
  }
  const flat = new Float64Array(dt.length * gt.length)
  if (boxes > 0) {
    const detections = flatBoxes(dt as ArrayLike<number>[])
    boxIous(detections, dt.length, flatBoxes(gt as ArrayLike<number>[]), gt.length, iscrowd, flat)
  } else {
    maskIous((dt as Rle[]).map(toRuns), (gt as Rle[]).map(toRuns), iscrowd, flat)
  }
  return dt.map((_, d) => flat.subarray(d * gt.length, (d + 1) * gt.length))
}

/**
 * RLE from what annotation files hold: a list of polygons or of boxes (each a list of numbers, four for a box), one
 * polygon or box, or uncompressed RLE, one or a list. A list gives a list, one gives one.
 */
export function frPyObjects(object: number[] | Rle, height: number, width: number): CompressedRle
export function frPyObjects(objects: Polygons | Box[] | Rle[], height: number, width: number): CompressedRle[]
export function frPyObjects(
  input: number[] | Rle | Polygons | Box[] | Rle[],
  height: number,
  width: number,
): CompressedRle | CompressedRle[] {
  const fault = sizeFault([height, width])
  if (fault) throw new CocoError(`The image's size is not usable: ${fault}.`)
  if (Array.isArray(input) && typeof input[0] !== 'number') {
    return (input as (number[] | Rle)[]).map((one) => fromRuns(shapeRuns(one, height, width)))
  }
  return fromRuns(shapeRuns(input as number[] | Rle, height, width))
}

function shapeRuns(shape: number[] | Rle, height: number, width: number): Runs {
  if (!Array.isArray(shape)) return toRuns(shape)
  if (shape.length < 4) {
    throw new CocoError(`A list of ${shape.length} numbers is neither a box (4) nor a polygon (6 or more).`)
  }
  const polygon = shape.length === 4 ? boxPolygon(shape) : shape
  return { height, width, counts: runsFromPolygon(polygon, height, width) }
}

/** COCO's compressed string of plain counts. */
export function rleToString(counts: ArrayLike<number>): string {
  return compressCounts(counts)
}

/** The plain counts of COCO's compressed string. */
export function rleFrString(text: string): Uint32Array {
  const counts = parseCounts(text)
  if (!counts)
    throw new CocoError('The text is not COCO’s compressed form: it is cut short or has other characters.')
  return counts
}
