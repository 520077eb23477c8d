/**
 * What makes an entry of a COCO file valid for a writer. The `…Fault` functions describe what is wrong in words that
 * follow "annotations[3] (id 7): ", or return undefined. (A reader accepts more: see `read-entry.ts`.)
 */

import type { ProblemKind } from '../common/problems.js'
import type { Category, CocoImage, Rle } from '../common/types.js'
import { isList, isNumber, isObject, isSize, show } from '../common/values.js'
import { countsOf, sizeFault } from '../masks/check-rle.js'
import { packedPolygons } from '../masks/packed-polygons.js'
import { isDrawable } from '../masks/polygons.js'
import { idFaultOf } from './ids.js'

export type Fault = { kind: ProblemKind; message: string } | undefined

/** Four finite numbers, width and height not negative. A box may be empty and may reach over the image's edge. */
export function boxFault(box: unknown): string | undefined {
  if (!isList(box) || box.length !== 4) return `bbox is ${show(box)}, but must be [x, y, width, height]`
  for (let i = 0; i < 4; i++) {
    if (!isNumber(box[i])) return `bbox[${i}] is ${show(box[i])}, but must be a finite number`
  }
  if ((box[2] as number) < 0) return `bbox[2] is ${box[2]}, but a width cannot be negative`
  if ((box[3] as number) < 0) return `bbox[3] is ${box[3]}, but a height cannot be negative`
  return undefined
}

/** Polygons with an even number of coordinates, at least three corners each. */
export function polygonsFault(polygons: ArrayLike<unknown>): string | undefined {
  if (polygons.length === 0) return 'segmentation is an empty list, but needs at least one polygon'
  for (let p = 0; p < polygons.length; p++) {
    const polygon = polygons[p]
    const name = `segmentation[${p}]`
    if (!isList(polygon)) return `${name} is ${show(polygon)}, but must be a list of coordinates`
    const fault = cornersFault(polygon.length)
    if (fault) return `${name} ${fault}`
    for (let i = 0; i < polygon.length; i++) {
      const value = polygon[i]
      if (!isNumber(value)) return `${name}[${i}] is ${show(value)}, but must be a finite number`
      if (!isDrawable(value)) return `${name}[${i}] is ${value}, far outside any image`
    }
  }
  return undefined
}

function cornersFault(length: number): string | undefined {
  if (length % 2 !== 0)
    return `has ${length} numbers: coordinates come in pairs, so their number must be even`
  if (length < 6) return `has ${length} numbers: a polygon needs at least three corners, so 6`
  return undefined
}

export function segmentationFault(entry: { segmentation?: unknown }, image: CocoImage | undefined): Fault {
  const packed = packedPolygons(entry)
  if (packed) {
    for (let p = 0; p < packed.lengths.length; p++) {
      const fault = cornersFault(packed.lengths[p])
      if (fault) return { kind: 'bad-polygon', message: `segmentation[${p}] ${fault}` }
    }
    return undefined
  }
  const { segmentation } = entry
  if (segmentation === undefined || segmentation === null) return undefined
  if (isList(segmentation)) {
    const message = polygonsFault(segmentation)
    return message ? { kind: 'bad-polygon', message } : undefined
  }
  const fault = countsOf(segmentation)
  if (typeof fault === 'string') return { kind: 'bad-rle', message: `segmentation: ${fault}` }
  const [height, width] = (segmentation as Rle).size
  if (image && (height !== image.height || width !== image.width)) {
    const message = `segmentation is ${height} × ${width}, but its image is ${image.height} × ${image.width} (height × width)`
    return { kind: 'bad-rle', message }
  }
  return undefined
}

export function keypointsFault(keypoints: unknown): Fault {
  if (keypoints === undefined) return undefined
  const fault = (message: string): Fault => ({ kind: 'bad-keypoints', message })
  if (!isList(keypoints)) return fault(`keypoints is ${show(keypoints)}, but must be a list of x, y, v`)
  if (keypoints.length % 3 !== 0) {
    return fault(`keypoints has ${keypoints.length} numbers: x, y, v for each, so a multiple of 3`)
  }
  for (let i = 0; i < keypoints.length; i++) {
    if (!isNumber(keypoints[i])) {
      return fault(`keypoints[${i}] is ${show(keypoints[i])}, but must be a finite number`)
    }
  }
  return undefined
}

function idFault(entry: Record<string, unknown>, seen: Map<number, unknown>): Fault {
  const { id } = entry
  if (id === undefined) return missing('id')
  if (!Number.isSafeInteger(id)) return { kind: 'bad-id', message: idFaultOf(entry, 'id') }
  return seen.has(id as number) ? duplicate(id as number) : undefined
}

export const missing = (key: string): Fault => ({
  kind: 'missing-key',
  message: `the key "${key}" is missing`,
})
export const duplicate = (id: number): Fault => ({
  kind: 'duplicate-id',
  message: `another entry before it has the same id ${id}`,
})

export const NOT_AN_OBJECT: Fault = { kind: 'not-an-object', message: 'the entry must be an object' }

export function imageFault(image: unknown, seen: Map<number, unknown>): Fault {
  if (!isObject(image)) return NOT_AN_OBJECT
  return idFault(image, seen) ?? imageSizeFault(image.height, image.width)
}

/** Height and width of an image: whole numbers above 0, of no more pixels than a mask may have. */
export function imageSizeFault(height: unknown, width: unknown): Fault {
  for (const [key, value] of Object.entries({ height, width })) {
    if (value === undefined) return missing(key)
    if (!isSize(value))
      return { kind: 'bad-size', message: `${key} is ${show(value)}, but must be a whole number above 0` }
  }
  const size = sizeFault([height, width])
  return size ? { kind: 'bad-size', message: size } : undefined
}

export function categoryFault(category: unknown, seen: Map<number, unknown>): Fault {
  if (!isObject(category)) return NOT_AN_OBJECT
  const fault = idFault(category, seen)
  if (fault) return fault
  return category.name === undefined ? missing('name') : undefined
}

/** The images and categories that annotations and results may refer to. */
export interface Known {
  imgs: ReadonlyMap<number, CocoImage>
  cats: ReadonlyMap<number, Category>
}

/** Without `known`, any whole number will do as a reference. */
export function referenceFault(
  entry: Record<string, unknown>,
  known: Known | undefined,
  withCategory: boolean,
): Fault {
  const { image_id: image, category_id: category } = entry
  if (image === undefined) return missing('image_id')
  if (known ? !known.imgs.has(image as number) : !Number.isSafeInteger(image)) {
    return { kind: 'unknown-image', message: `image_id ${show(image)} is not the id of an image` }
  }
  if (!withCategory) return undefined
  if (category === undefined) return missing('category_id')
  if (known ? !known.cats.has(category as number) : !Number.isSafeInteger(category)) {
    return { kind: 'unknown-category', message: `category_id ${show(category)} is not the id of a category` }
  }
  return undefined
}

/** Whether an entry describes a whole image: it has a `caption`, and no category, box, mask or keypoints. */
export function isCaption(entry: Record<string, unknown>): boolean {
  if (!('caption' in entry)) return false
  const nothing = (value: unknown): boolean => value === undefined || value === null
  return ['category_id', 'bbox', 'segmentation', 'keypoints'].every((key) => nothing(entry[key]))
}

/** An annotation of an object, or a caption. */
export function annotationFault(annotation: unknown, seen: Map<number, unknown>, known: Known): Fault {
  if (!isObject(annotation)) return NOT_AN_OBJECT
  const caption = isCaption(annotation)
  const fault = idFault(annotation, seen) ?? referenceFault(annotation, known, !caption)
  if (fault || caption) return fault
  for (const key of ['bbox', 'area']) if (annotation[key] === undefined) return missing(key)
  const box = boxFault(annotation.bbox)
  if (box) return { kind: 'bad-box', message: box }
  if (!isNumber(annotation.area) || annotation.area < 0) {
    return { kind: 'bad-area', message: `area is ${show(annotation.area)}, but must be a number from 0` }
  }
  const image = known.imgs.get(annotation.image_id as number)
  return segmentationFault(annotation, image) ?? keypointsFault(annotation.keypoints)
}
