/** Lines of a YOLO label file. */
import type { ReadObject } from '../../annotated/annotated-set.js'
import type { Size } from '../../annotated/image-size.js'
import type { Kind, Notes } from '../../annotated/notes.js'

export const OUT_OF_RANGE: Kind = [
  'line of labels has values outside 0 to 1 (parts of the width and height) and is left out',
  'lines of labels have values outside 0 to 1 (parts of the width and height) and are left out',
]
const UNKNOWN_CLASS: Kind = [
  'line of labels has a class that the names lack and is left out',
  'lines of labels have a class that the names lack and are left out',
]
const NO_NUMBERS: Kind = [
  'line of labels is neither a box (5 numbers) nor an outline (7 or more, odd) and is left out',
  'lines of labels are neither boxes (5 numbers) nor outlines (7 or more, odd) and are left out',
]
const NO_AREA: Kind = [
  'line of labels has no area and is left out',
  'lines of labels have no area and are left out',
]
const REPEATED: Kind = [
  'line of labels repeats another of its image and is left out',
  'lines of labels repeat another of their image and are left out',
]
const CONFIDENCE: Kind = [
  'box has a sixth number, taken for a confidence and not kept',
  'boxes have a sixth number, taken for a confidence and not kept',
]
const POSE: Kind = ['box has keypoints, which are not read', 'boxes have keypoints, which are not read']

/** How far beyond 0 and 1 rounding may put a value. */
const TOLERANCE = 0.01

export interface LabelOptions {
  /** How many classes there are. */
  classes: number
  /** See `YoloConfig`. */
  keypoints?: [count: number, numbers: number]
}

/** The objects of one image; lines that cannot be used are counted in `notes`. */
export function parseLabels(
  text: string,
  file: string,
  size: Size,
  { classes, keypoints }: LabelOptions,
  notes: Notes,
): ReadObject[] {
  const objects: ReadObject[] = []
  const seen = new Set<string>()
  for (const [i, line] of text
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\r|\n/)
    .entries()) {
    const words = line.trim().split(/\s+/)
    if (words[0] === '') continue
    const place = `${file} line ${i + 1}`
    const [category, ...values] = words.map(Number)
    const isPose = keypoints !== undefined && values.length === 4 + keypoints[0] * keypoints[1]
    const isBox = values.length === 4 || values.length === 5 || isPose
    const isOutline = !isBox && values.length >= 6 && values.length % 2 === 0
    if (![category, ...values].every(Number.isFinite) || (!isBox && !isOutline)) notes.add(NO_NUMBERS, place)
    else if (!Number.isInteger(category) || category < 0 || category >= classes)
      notes.add(UNKNOWN_CLASS, `${place} (class ${words[0]})`)
    else if (
      (isBox ? values.slice(0, 4) : values).some((value) => value < -TOLERANCE || value > 1 + TOLERANCE)
    )
      notes.add(OUT_OF_RANGE, place)
    else if (seen.has(words.join(' '))) notes.add(REPEATED, place)
    else {
      seen.add(words.join(' '))
      const shape = isBox ? boxOf(values, size) : outlineOf(values, size)
      if (!(shape.bbox[2] > 0 && shape.bbox[3] > 0)) {
        notes.add(NO_AREA, place)
        continue
      }
      if (isPose) notes.add(POSE, place)
      else if (values.length === 5) notes.add(CONFIDENCE, place)
      objects.push({ category, ...shape })
    }
  }
  return objects
}

function boxOf([cx, cy, w, h]: readonly number[], { width, height }: Size): Pick<ReadObject, 'bbox'> {
  return { bbox: [(cx - w / 2) * width, (cy - h / 2) * height, w * width, h * height] }
}

function outlineOf(values: readonly number[], { width, height }: Size): Pick<ReadObject, 'bbox' | 'polygon'> {
  const polygon = values.map((value, i) => Math.min(1, Math.max(0, value)) * (i % 2 === 0 ? width : height))
  return { polygon, bbox: boundsOf(polygon) }
}

/** [x, y, width, height] around a polygon. */
export function boundsOf(polygon: readonly number[]): [number, number, number, number] {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity]
  for (let i = 0; i < polygon.length; i += 2) {
    left = Math.min(left, polygon[i])
    right = Math.max(right, polygon[i])
    top = Math.min(top, polygon[i + 1])
    bottom = Math.max(bottom, polygon[i + 1])
  }
  return [left, top, right - left, bottom - top]
}
