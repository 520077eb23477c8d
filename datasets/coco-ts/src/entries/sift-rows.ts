import type { AnnotationColumns } from '../common/annotation-columns.js'
import type { Annotation } from '../common/types.js'
import { isObject } from '../common/values.js'
import { Edits } from './edits.js'
import { type References, readAnnotation } from './read-entry.js'
import { isCaption } from './validate.js'

/** Annotations that were read into columns, and others among them as objects, of which nothing is known yet. */
export interface AnnotationSource {
  readonly count: number
  readonly others: ReadonlyMap<number, unknown>
  /** With nothing at the places of the others, until they are filled in. */
  columns(): AnnotationColumns
  fillIn(row: number, annotation: Annotation): void
  entry(row: number): unknown
  entries(): unknown[]
}

const NOTHING_SEEN: ReadonlyMap<number, unknown> = new Map()

/**
 * Whether all annotations are valid as they are: none has a fault, and none is to be completed. Then all columns are
 * filled in.
 */
export function areUsable(source: AnnotationSource, known: References): boolean {
  for (const [row, entry] of source.others) {
    if (!isObject(entry) || isCaption(entry)) return false
    const edits = new Edits(entry)
    const fault = readAnnotation(edits, NOTHING_SEEN, known, () => 0)
    if (fault || edits.isChanged) return false
    source.fillIn(row, entry as unknown as Annotation)
  }
  const { id, imageId, categoryId } = source.columns()
  return haveKnown(imageId, known.imgs) && haveKnown(categoryId, known.cats) && areDifferent(id)
}

function haveKnown(ids: Float64Array, known: ReadonlyMap<number, unknown>): boolean {
  // Neighbours often have one image.
  let last = Number.NaN
  for (let i = 0; i < ids.length; i++) {
    if (ids[i] === last) continue
    last = ids[i]
    if (!known.has(last)) return false
  }
  return true
}

function areDifferent(ids: Float64Array): boolean {
  let isRising = true
  for (let i = 1; i < ids.length && isRising; i++) isRising = ids[i] > ids[i - 1]
  if (isRising) return true
  const sorted = ids.slice().sort()
  for (let i = 1; i < sorted.length; i++) if (sorted[i] === sorted[i - 1]) return false
  return true
}
