/** Reads the fields of an annotation that say where its object is. Each records its changes in `edits`. */

import type { Annotation, Box, CocoImage } from '../common/types.js'
import { isList, isNumber, isObject, numberInText, show } from '../common/values.js'
import { packedPolygons } from '../masks/packed-polygons.js'
import { runsArea, runsBox } from '../masks/rle.js'
import { runsOf } from '../masks/segmentation.js'
import type { Edits } from './edits.js'
import { boxFault, type Fault, keypointsFault, missing, segmentationFault } from './validate.js'

/** Whether a value is a list without entries, or of such lists, an object without keys, or an empty text. */
function isEmpty(value: unknown): boolean {
  if (value === '') return true
  if (Array.isArray(value)) return value.every((part) => Array.isArray(part) && part.length === 0)
  return isObject(value) && Object.keys(value).length === 0
}

/** Numbers of a polygon of three corners. */
const THREE_CORNERS = 6

/** Whether the entry has a mask that can be drawn; one that cannot is left out. `image` is undefined where unknown. */
export function readMask(edits: Edits, image: CocoImage | undefined): boolean {
  const { entry } = edits
  const packed = packedPolygons(entry)
  // Looking at packed polygons would unpack them.
  if (!packed) {
    const { segmentation } = entry
    if (segmentation === undefined || segmentation === null) return false
    if (isEmpty(segmentation)) {
      edits.set('segmentation', null, 'empty-mask', `segmentation is ${show(segmentation)}`)
      return false
    }
  }
  const fault = segmentationFault(entry, image)
  if (!fault) return true
  const { segmentation } = entry
  if (fault.kind === 'bad-polygon' && isList(segmentation)) {
    // A polygon without three corners covers nothing, so that the others are the whole mask.
    const rest = Array.from(segmentation).filter(
      (polygon) => !isList(polygon) || polygon.length >= THREE_CORNERS || polygon.length % 2 === 1,
    )
    if (rest.length > 0 && !segmentationFault({ segmentation: rest }, image)) {
      edits.set('segmentation', rest, 'short-polygon', fault.message)
      return true
    }
  }
  edits.set('segmentation', null, 'unusable-mask', fault.message)
  return false
}

/** The box. Where it is missing, that of the mask on `image`; `image` is undefined where there is no mask. */
export function readBox(edits: Edits, image: CocoImage | undefined): Fault {
  const { bbox } = edits.entry
  if (bbox === undefined || bbox === null || (isList(bbox) && bbox.length === 0)) {
    const box: Box = [0, 0, 0, 0]
    if (image) runsBox(runsIn(edits, image), box)
    if (box[2] === 0)
      return bbox === undefined ? missing('bbox') : { kind: 'bad-box', message: boxFault(bbox)! }
    edits.set('bbox', box, 'box-from-mask', bbox === undefined ? 'no bbox' : `bbox is ${show(bbox)}`)
    return undefined
  }
  if (Array.isArray(bbox) && bbox.some((value) => typeof value === 'string')) {
    const numbers = bbox.map((value) => numberInText(value) ?? value)
    if (!boxFault(numbers)) {
      edits.set('bbox', numbers, 'text-number', `bbox ${show(bbox)} was read as [${numbers.join(', ')}]`)
      return undefined
    }
  }
  const message = boxFault(bbox)
  return message ? { kind: 'bad-box', message } : undefined
}

/** What tools write for 0 and 1. */
const NO_CROWD = ['0', 'false', '']
const CROWD = ['1', 'true']

/** `iscrowd` decides whether an object must be detected: it is converted to 0 or 1, or the entry has a fault. */
export function readCrowd(edits: Edits): Fault {
  const { iscrowd } = edits.entry
  if (iscrowd === 0 || iscrowd === 1 || iscrowd === undefined) return undefined
  const text = iscrowd === null ? '' : String(iscrowd).trim().toLowerCase()
  const plain = iscrowd === null || typeof iscrowd === 'string' || typeof iscrowd === 'boolean'
  const value = !plain ? undefined : NO_CROWD.includes(text) ? 0 : CROWD.includes(text) ? 1 : undefined
  if (value === undefined)
    return { kind: 'bad-crowd', message: `iscrowd is ${show(iscrowd)}, but must be 0 or 1` }
  edits.set('iscrowd', value, 'crowd-flag', `iscrowd ${show(iscrowd)} was read as ${value}`)
  return undefined
}

/** Keypoints that cannot be used are left out. Their number, where it is none, is counted. */
export function readKeypoints(edits: Edits): void {
  const { keypoints, num_keypoints: count } = edits.entry
  if (keypoints === null) edits.set('keypoints', undefined)
  else if (keypoints !== undefined) {
    const fault = keypointsFault(keypoints)
    if (fault) edits.set('keypoints', undefined, 'unusable-keypoints', fault.message)
  }
  if (count === undefined || (Number.isInteger(count) && (count as number) >= 0)) return
  edits.set('num_keypoints', undefined, 'keypoint-count', `num_keypoints is ${show(count)}`)
}

/**
 * The area. Where it is missing, or no number from 0, that of the mask on `image`, or else of the box; `image` is
 * undefined where there is no mask.
 */
export function readArea(edits: Edits, image: CocoImage | undefined): void {
  const { area } = edits.entry
  if (isNumber(area) && area >= 0) return
  const number = numberInText(area)
  if (number !== undefined && number >= 0) {
    edits.set('area', number, 'text-number', `area ${show(area)} was read as ${number}`)
    return
  }
  const [, , width, height] = edits.get('bbox') as Box
  const ofMask = image ? runsArea(runsIn(edits, image).counts) : 0
  const given = area === undefined ? 'no area' : `area is ${show(area)}`
  if (ofMask > 0) edits.set('area', ofMask, 'area-from-mask', `${given}; the mask has ${ofMask} pixels`)
  else edits.set('area', width * height, 'area-from-box', `${given}; the box has ${width * height} pixels`)
}

/** The mask of an entry whose segmentation was checked. */
function runsIn(edits: Edits, { height, width }: CocoImage) {
  if (packedPolygons(edits.entry)) return runsOf(edits.entry as Annotation, height, width)
  return runsOf({ segmentation: edits.get('segmentation') } as Annotation, height, width)
}
