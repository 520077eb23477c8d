/**
 * What makes an entry of a COCO file usable. The `…Fault` functions say what is wrong in words that follow "annotations[3]
 * (id 7): ", or return undefined.
 */
import { packedPolygons } from './packed-polygons.js'
import { isDrawable } from './polygons.js'
import { addProblem, type Problem, type ProblemKind, type ProblemLog } from './problems.js'
import { MAX_PIXELS, parseCounts } from './rle.js'
import type { Annotation, Category, CocoImage, Dataset, Detection, Rle } from './types.js'

type Fault = { kind: ProblemKind; message: string } | undefined

const isList = (value: unknown): value is ArrayLike<unknown> =>
  Array.isArray(value) || ArrayBuffer.isView(value)
const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value)
const isSize = (value: unknown): value is number => Number.isInteger(value) && (value as number) > 0

/** How a wrong value is shown: short, and the same for every type. */
export function show(value: unknown): string {
  if (typeof value === 'number' || value === undefined) return String(value)
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}

/** [height, width] of a mask. */
export function sizeFault(size: unknown): string | undefined {
  if (!isList(size) || size.length !== 2 || !isSize(size[0]) || !isSize(size[1])) {
    return `size is ${show(size)}, but must be [height, width], two whole numbers above 0`
  }
  if (size[0] * size[1] > MAX_PIXELS) return `size ${show(size)} is more than ${MAX_PIXELS} pixels`
  return undefined
}

/** The counts of an RLE, or, as text, why it has none: they must be whole numbers that fill the mask exactly. */
export function countsOf(rle: unknown): Uint32Array | string {
  const { size, counts } = (rle ?? {}) as Partial<Rle>
  const fault = sizeFault(size)
  if (fault) return fault
  const [height, width] = size!
  let numbers: Uint32Array | undefined
  if (typeof counts === 'string') {
    numbers = parseCounts(counts)
    if (!numbers)
      return 'counts is not COCO’s compressed form: it is cut short or has a character that is not in it'
  } else if (isList(counts)) {
    const wrong = Array.prototype.findIndex.call(counts, (count) => !Number.isInteger(count) || count < 0)
    if (wrong >= 0) return `counts[${wrong}] is ${show(counts[wrong])}, but a run is a whole number of pixels`
    numbers = counts instanceof Uint32Array ? counts : Uint32Array.from(counts)
  } else {
    return `counts is ${show(counts)}, but must be a string or a list of numbers`
  }
  let sum = 0
  for (let i = 0; i < numbers.length; i++) sum += numbers[i]
  if (sum === height * width) return numbers
  // What is below 0 in the compressed form shows as a number above all that are possible.
  const wrong = numbers.findIndex((count) => count > MAX_PIXELS)
  if (wrong >= 0) return `counts[${wrong}] is ${numbers[wrong] | 0}, but a run is a whole number of pixels`
  return `the counts sum to ${sum}, but height × width is ${height} × ${width} = ${height * width}`
}

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

function segmentationFault(entry: { segmentation?: unknown }, image: CocoImage | undefined): Fault {
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

function keypointsFault(keypoints: unknown): Fault {
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

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function idFault(entry: Record<string, unknown>, seen: Map<number, unknown>): Fault {
  const { id } = entry
  if (id === undefined) return { kind: 'missing-key', message: 'the key "id" is missing' }
  if (!Number.isSafeInteger(id))
    return { kind: 'bad-id', message: `id is ${show(id)}, but must be a whole number` }
  if (seen.has(id as number)) {
    return { kind: 'duplicate-id', message: `another entry before it has the same id ${id}` }
  }
  return undefined
}

const NOT_AN_OBJECT: Fault = { kind: 'not-an-object', message: 'the entry must be an object' }

export function imageFault(image: unknown, seen: Map<number, unknown>): Fault {
  if (!isObject(image)) return NOT_AN_OBJECT
  const fault = idFault(image, seen)
  if (fault) return fault
  for (const key of ['height', 'width']) {
    if (image[key] === undefined) return { kind: 'missing-key', message: `the key "${key}" is missing` }
    if (!isSize(image[key])) {
      return {
        kind: 'bad-size',
        message: `${key} is ${show(image[key])}, but must be a whole number above 0`,
      }
    }
  }
  const size = sizeFault([image.height, image.width])
  return size ? { kind: 'bad-size', message: size } : undefined
}

export function categoryFault(category: unknown, seen: Map<number, unknown>): Fault {
  if (!isObject(category)) return NOT_AN_OBJECT
  const fault = idFault(category, seen)
  if (fault) return fault
  if (category.name === undefined) return { kind: 'missing-key', message: 'the key "name" is missing' }
  return undefined
}

interface Known {
  imgs: ReadonlyMap<number, CocoImage>
  cats: ReadonlyMap<number, Category>
}

/** Without `known`, any whole number will do as a reference. */
function referenceFault(
  entry: Record<string, unknown>,
  known: Known | undefined,
  withCategory: boolean,
): Fault {
  const { image_id: image, category_id: category } = entry
  if (image === undefined) return { kind: 'missing-key', message: 'the key "image_id" is missing' }
  if (known ? !known.imgs.has(image as number) : !Number.isSafeInteger(image)) {
    return { kind: 'unknown-image', message: `image_id ${show(image)} is not the id of an image` }
  }
  if (!withCategory) return undefined
  if (category === undefined) return { kind: 'missing-key', message: 'the key "category_id" is missing' }
  if (known ? !known.cats.has(category as number) : !Number.isSafeInteger(category)) {
    return { kind: 'unknown-category', message: `category_id ${show(category)} is not the id of a category` }
  }
  return undefined
}

/** An annotation of an object, or, where it has a `caption`, of a whole image. */
export function annotationFault(annotation: unknown, seen: Map<number, unknown>, known: Known): Fault {
  if (!isObject(annotation)) return NOT_AN_OBJECT
  const isCaption = 'caption' in annotation
  const fault = idFault(annotation, seen) ?? referenceFault(annotation, known, !isCaption)
  if (fault || isCaption) return fault
  for (const key of ['bbox', 'area']) {
    if (annotation[key] === undefined) return { kind: 'missing-key', message: `the key "${key}" is missing` }
  }
  const box = boxFault(annotation.bbox)
  if (box) return { kind: 'bad-box', message: box }
  if (!isNumber(annotation.area) || annotation.area < 0) {
    return { kind: 'bad-area', message: `area is ${show(annotation.area)}, but must be a number from 0` }
  }
  const image = known.imgs.get(annotation.image_id as number)
  return segmentationFault(annotation, image) ?? keypointsFault(annotation.keypoints)
}

/** What a results file holds: decided, as in pycocotools, by its first entry. */
export type ResultForm = 'bbox' | 'segmentation' | 'keypoints' | 'caption'

/** The form of the first result; undefined if it has none. An empty list as `bbox` is no box: some writers leave it. */
export function resultForm(first: unknown): ResultForm | undefined {
  if (!isObject(first)) return undefined
  if ('caption' in first) return 'caption'
  if (first.bbox !== undefined && !isEmptyList(first.bbox)) return 'bbox'
  if ('segmentation' in first) return 'segmentation'
  return 'keypoints' in first ? 'keypoints' : undefined
}

const isEmptyList = (value: unknown): boolean => Array.isArray(value) && value.length === 0

/** A detector's result: a box, a mask or keypoints, and a score; or a caption. */
export function detectionFault(
  detection: unknown,
  known: Known | undefined,
  form: ResultForm | undefined,
): Fault {
  if (!isObject(detection)) return NOT_AN_OBJECT
  const isCaption = 'caption' in detection
  const fault = referenceFault(detection, known, !isCaption)
  if (fault || isCaption) return fault
  const { score, bbox, segmentation, keypoints } = detection
  if (score === undefined) return { kind: 'missing-key', message: 'the key "score" is missing' }
  if (!isNumber(score))
    return { kind: 'bad-score', message: `score is ${show(score)}, but must be a finite number` }
  if (bbox === undefined && segmentation === undefined && keypoints === undefined) {
    return { kind: 'missing-key', message: 'none of the keys "bbox", "segmentation", "keypoints" is there' }
  }
  if (
    form !== undefined &&
    (detection[form] === undefined || (form !== 'segmentation' && isEmptyList(detection[form])))
  ) {
    return {
      kind: 'missing-key',
      message: `it has no "${form}", but the first result has: all need the same form`,
    }
  }
  if (bbox !== undefined && !isEmptyList(bbox)) {
    const box = boxFault(bbox)
    if (box) return { kind: 'bad-box', message: box }
  }
  const image = known?.imgs.get(detection.image_id as number)
  return segmentationFault(detection, image) ?? keypointsFault(keypoints)
}

/** Keeps the entries without a fault; counts the others in `log`. `keep` sees each good entry at once. */
export function sift<T>(
  entries: readonly T[],
  section: string,
  log: ProblemLog,
  faultOf: (entry: T) => Fault,
  keep: (entry: T) => void = () => {},
): T[] {
  let good: T[] | undefined
  entries.forEach((entry, index) => {
    const fault = faultOf(entry)
    if (!fault) {
      keep(entry)
      good?.push(entry)
      return
    }
    good ??= entries.slice(0, index)
    const id = isObject(entry) ? (entry as Record<string, unknown>).id : undefined
    addProblem(log, { ...fault, section, index, ...(typeof id === 'number' ? { id } : {}) } as Problem)
  })
  return good ?? (entries as T[])
}

/** The section of a file as a list; anything else there, or nothing, is counted as a problem. */
export function sectionOf<T>(dataset: Partial<Dataset>, section: string, log: ProblemLog): T[] {
  const value = dataset[section]
  if (Array.isArray(value)) return value as T[]
  const message =
    value === undefined
      ? `the key "${section}" is missing`
      : `"${section}" is ${show(value)}, but must be a list`
  addProblem(log, { kind: 'missing-key', section, index: -1, message })
  return []
}

/** Indexes that a checked data set is used through. */
export interface Index {
  anns: Map<number, Annotation>
  cats: Map<number, Category>
  imgs: Map<number, CocoImage>
}

/** Sifts all sections of an annotation file; what was wrong is counted in `log`. */
export function siftDataset(raw: Partial<Dataset>, log: ProblemLog): { dataset: Dataset; index: Index } {
  const index: Index = { anns: new Map(), cats: new Map(), imgs: new Map() }
  const images = sift(
    sectionOf<CocoImage>(raw, 'images', log),
    'images',
    log,
    (image) => imageFault(image, index.imgs),
    (image) => index.imgs.set(image.id, image),
  )
  const rawAnnotations = sectionOf<Annotation>(raw, 'annotations', log)
  // Captions have no categories, and their files no such section.
  const captions = rawAnnotations.length > 0 && isObject(rawAnnotations[0]) && 'caption' in rawAnnotations[0]
  const categories = sift(
    captions && raw.categories === undefined ? [] : sectionOf<Category>(raw, 'categories', log),
    'categories',
    log,
    (category) => categoryFault(category, index.cats),
    (category) => index.cats.set(category.id, category),
  )
  const annotations = sift(
    rawAnnotations,
    'annotations',
    log,
    (annotation) => annotationFault(annotation, index.anns, index),
    (annotation) => index.anns.set(annotation.id, annotation),
  )
  return { dataset: { ...raw, images, annotations, categories }, index }
}

/** Sifts a detector's results; what was wrong is counted in `log`. */
export function siftDetections(detections: readonly Detection[], known: Known, log: ProblemLog): Detection[] {
  const form = resultForm(detections[0])
  return sift(detections, 'results', log, (detection) => detectionFault(detection, known, form))
}
