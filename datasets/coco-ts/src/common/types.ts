/** A box as COCO writes it: x and y of the upper left corner, width, height, in pixels, counted from 0. */
export type Box = [x: number, y: number, width: number, height: number]

/**
 * A run-length encoded mask. `size` is [height, width]. The counts are the lengths of alternating runs of
 * zeros and ones down the columns, beginning with zeros: either COCO's compressed string or the plain numbers.
 */
export interface Rle {
  size: [height: number, width: number]
  counts: string | ArrayLike<number>
}

/** A run-length encoded mask whose counts are COCO's compressed string: what this package itself writes. */
export interface CompressedRle extends Rle {
  counts: string
}

/** One polygon is [x0, y0, x1, y1, …]; an object may have several. */
export type Polygons = number[][]

export type Segmentation = Polygons | Rle

/** A binary mask, one byte a pixel (0 or 1), row by row: pixel (x, y) is `data[y * width + x]`. */
export interface Mask {
  height: number
  width: number
  data: Uint8Array
}

/** An image that has no id yet. */
export interface NewImage {
  id?: number
  width: number
  height: number
  file_name?: string
  [key: string]: unknown
}

export interface CocoImage extends NewImage {
  id: number
}

/** A category that has no id yet. */
export interface NewCategory {
  id?: number
  name: string
  supercategory?: string
  /** Names of the keypoints, for categories that have them. */
  keypoints?: string[]
  /** Pairs of keypoints (counted from 1) that a drawing joins. */
  skeleton?: [number, number][]
  [key: string]: unknown
}

export interface Category extends NewCategory {
  id: number
}

/** An annotation that lacks what a builder can give it: an id, and, where it has a mask, its box and area. */
export interface NewAnnotation {
  id?: number
  image_id: number
  category_id: number
  bbox?: Box
  area?: number
  iscrowd?: 0 | 1
  segmentation?: Segmentation
  /** [x, y, v] for each keypoint; v is 0 (not labelled), 1 (labelled, hidden) or 2 (visible). */
  keypoints?: number[]
  num_keypoints?: number
  caption?: string
  /** Set on results: the confidence. */
  score?: number
  [key: string]: unknown
}

/** An annotation of an object. (Captions have no category, box or area, though the type says so.) */
export interface Annotation extends NewAnnotation {
  id: number
  bbox: Box
  /** Pixels of the object; decides whether it counts as small, medium or large. */
  area: number
}

/** One result of a detector: a box, a mask or keypoints, with its score. */
export interface Detection {
  image_id: number
  category_id: number
  score: number
  bbox?: Box
  segmentation?: Segmentation
  keypoints?: number[]
  [key: string]: unknown
}

export interface Dataset {
  info?: Record<string, unknown>
  licenses?: unknown[]
  images: CocoImage[]
  annotations: Annotation[]
  categories: Category[]
  [key: string]: unknown
}

export type IouType = 'bbox' | 'segm' | 'keypoints'
