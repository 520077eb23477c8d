/** What the writers of all formats share. */
import type { Annotation, CocoImage, Dataset } from '#coco-ts'
import { DatasetError } from '../files/errors.js'
import type { Kind, Notes } from './notes.js'

/** A file to write, or an image to bring along; paths are relative to the new folder, with `/`. */
export interface WrittenSet {
  texts: { path: string; text: string }[]
  /** Annotation files that are written piece by piece. */
  datasets: { path: string; dataset: Dataset }[]
  images: { part: string; fileName: string; path: string }[]
  /** What the format cannot hold, and what was changed so that it can. */
  notHeld: Notes
}

export const newWrittenSet = (notHeld: Notes): WrittenSet => ({
  texts: [],
  datasets: [],
  images: [],
  notHeld,
})

/** A name that leads to no place outside its folder, whatever wrote it. */
export function safeName(fileName: string): string {
  const parts = fileName
    .replaceAll('\\', '/')
    .replace(/^[a-z]:/i, '')
    .split('/')
  return parts.filter((part) => !['', '.', '..'].includes(part)).join('/')
}

/** A file name without its ending. */
export const stemOf = (name: string): string => name.replace(/\.[^./]+$/, '')

/**
 * Finds names that differ in their ending alone, whose labels would have one file.
 *
 * @throws DatasetError for the first two
 */
export function refuseSameStems(names: readonly string[]): void {
  const first = new Map<string, string>()
  for (const name of names) {
    const before = first.get(stemOf(name))
    if (before !== undefined && before !== name)
      throw new DatasetError(
        `The images ${before} and ${name} differ in their ending alone, so that they would share a file of labels; rename one.`,
      )
    first.set(stemOf(name), name)
  }
}

const CUT: Kind = [
  'box reaches over the edge of its image: cut there',
  'boxes reach over the edge of their image: cut there',
]
const OUTSIDE: Kind = [
  'object has no area inside its image: left out',
  'objects have no area inside their image: left out',
]

/** Rounding may put a box so far over the edge, in pixels. */
const TOLERANCE = 0.01

/** The corners of a box inside its image, or undefined, noted, where nothing of it is there. */
export function insideBox(
  { id, bbox: [x, y, w, h] }: Annotation,
  { width, height }: CocoImage,
  notes: Notes,
): [x1: number, y1: number, x2: number, y2: number] | undefined {
  const along = (value: number, side: number): number => Math.min(side, Math.max(0, value))
  const corners = [along(x, width), along(y, height), along(x + w, width), along(y + h, height)] as const
  const place = `object ${id}`
  if (!(corners[2] > corners[0] && corners[3] > corners[1])) {
    notes.add(OUTSIDE, place)
    return undefined
  }
  if ([x, y, x + w, y + h].some((value, i) => Math.abs(value - corners[i]) > TOLERANCE)) notes.add(CUT, place)
  return [...corners]
}

/** With at most so many decimals, and none that are 0 at the end. */
export const decimals = (value: number, count: number): string => String(Number(value.toFixed(count)))

/** The objects of each image. */
export function objectsOf({ annotations }: Dataset): Map<number, Annotation[]> {
  const objects = new Map<number, Annotation[]>()
  for (const annotation of annotations) {
    const list = objects.get(annotation.image_id)
    if (list === undefined) objects.set(annotation.image_id, [annotation])
    else list.push(annotation)
  }
  return objects
}
