import { stringify } from 'yaml'
import type { Annotation, CocoImage, Dataset } from '#coco-ts'
import { type AnnotatedPart, type AnnotatedSet, WHOLE } from '../../annotated/annotated-set.js'
import { type Feature, maskKind, notHeld } from '../../annotated/not-held.js'
import { type Kind, Notes } from '../../annotated/notes.js'
import {
  decimals,
  insideBox,
  newWrittenSet,
  objectsOf,
  refuseSameStems,
  safeName,
  stemOf,
  type WrittenSet,
} from '../../annotated/written.js'
import { boundsOf } from './labels.js'

const CROWD: Kind = [
  'object is a crowd, or difficult, which nothing marks: left out',
  'objects are crowds, or difficult, which nothing marks: left out',
]
const OTHER_BOUNDS: Kind = [
  'object has a box that is not the bounds of its outline: read back, its box is those',
  'objects have boxes that are not the bounds of their outlines: read back, their boxes are those',
]

const UNHELD: Feature[] = ['composite masks', 'keypoints', 'areas', 'attributes', 'ids', 'supercategories']
const OF_FILES: Feature[] = ['image properties', 'file properties']

export interface YoloOptions {
  /** Whether to write boxes where there are masks. Default false: outlines. */
  boxesOnly?: boolean
}

/**
 * YOLO's files: `images/<part>/`, `labels/<part>/` and `data.yaml`. Where the set has masks of one polygon, all objects
 * are written as outlines, because readers take a file of labels for boxes or for outlines as a whole; objects without
 * one are written as the corners of their box.
 *
 * @throws DatasetError for images whose names differ in their ending alone
 */
export function yoloFiles({ parts }: AnnotatedSet, { boxesOnly = false }: YoloOptions = {}): WrittenSet {
  const outlines =
    !boxesOnly && parts.some(({ dataset }) => dataset.annotations.some((one) => maskKind(one) === 'polygon'))
  const features: Feature[] = [...UNHELD, ...OF_FILES, ...(outlines ? [] : (['masks'] as const))]
  const written = newWrittenSet(new Notes())
  for (const part of parts) {
    written.notHeld.addAll(
      notHeld(part.dataset, { features: features.filter((one) => outlines || one !== 'composite masks') }),
    )
    addPart(part, outlines, written)
  }
  written.texts.push({ path: 'data.yaml', text: dataYaml(parts) })
  return written
}

function addPart({ name, dataset }: AnnotatedPart, outlines: boolean, written: WrittenSet): void {
  const names = namesInPart(dataset)
  refuseSameStems(names)
  const folder = name === WHOLE ? '' : `${name}/`
  const classOf = new Map(sortedCategories(dataset).map(({ id }, index) => [id, index]))
  const objects = objectsOf(dataset)
  for (const [i, image] of dataset.images.entries()) {
    const lines = (objects.get(image.id) ?? []).flatMap((object) => {
      const label = labelLine(object, image, outlines, written.notHeld)
      return label === undefined ? [] : `${classOf.get(object.category_id)} ${label}\n`
    })
    written.images.push({ part: name, fileName: image.file_name!, path: `images/${folder}${names[i]}` })
    written.texts.push({ path: `labels/${folder}${stemOf(names[i])}.txt`, text: lines.join('') })
  }
}

const sortedCategories = ({ categories }: Dataset) => [...categories].sort((a, b) => a.id - b.id)

/** The images' names without the folders that all of the part are in. */
function namesInPart({ images }: Dataset): string[] {
  const names = images.map(({ file_name }) => safeName(file_name!))
  const folders = names.map((name) => name.split('/').slice(0, -1))
  const shared = folders[0].findIndex((folder, i) => folders.some((other) => other[i] !== folder))
  const count = shared < 0 ? folders[0].length : shared
  return names.map((name) => name.split('/').slice(count).join('/'))
}

/** Parts of the width and height with ten decimals: exact to a millionth of a pixel in images of 10,000. */
const DECIMALS = 10

function labelLine(
  object: Annotation,
  image: CocoImage,
  outlines: boolean,
  notes: Notes,
): string | undefined {
  if (object.iscrowd) {
    notes.add(CROWD, `object ${object.id}`)
    return undefined
  }
  const corners = insideBox(object, image, notes)
  if (corners === undefined) return undefined
  const [x1, y1, x2, y2] = corners
  const { width, height } = image
  const part = (value: number, side: number): string =>
    decimals(Math.min(1, Math.max(0, value / side)), DECIMALS)
  if (!outlines)
    return [(x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1]
      .map((value, i) => part(value, i % 2 === 0 ? width : height))
      .join(' ')
  const polygon = maskKind(object) === 'polygon' ? (object.segmentation as number[][])[0] : undefined
  if (polygon !== undefined && differ(boundsOf(polygon), object.bbox))
    notes.add(OTHER_BOUNDS, `object ${object.id}`)
  return (polygon ?? [x1, y1, x2, y1, x2, y2, x1, y2])
    .map((value, i) => part(value, i % 2 === 0 ? width : height))
    .join(' ')
}

/** Boxes that differ by more than a pixel somewhere. */
const differ = (a: readonly number[], b: readonly number[]): boolean => {
  const [ends, others] = [a, b].map(([x, y, w, h]) => [x, y, x + w, y + h])
  return ends.some((value, i) => Math.abs(value - others[i]) > 1)
}

/** Ultralytics wants both train and val; of a set that is not split, both are all images. */
function dataYaml(parts: readonly AnnotatedPart[]): string {
  const names = sortedCategories(parts[0].dataset).map(({ name }) => name)
  const folders = Object.fromEntries(
    parts.map(({ name }) => [name, name === WHOLE ? 'images' : `images/${name}`]),
  )
  const { [WHOLE]: whole, ...split } = folders
  const [any] = Object.values(folders)
  const places = whole !== undefined ? { train: whole, val: whole } : { train: any, val: any, ...split }
  return stringify({ ...places, nc: names.length, names: new Map(names.entries()) })
}
