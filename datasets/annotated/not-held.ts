/** What a data set has that another format cannot hold. */
import type { Annotation, Dataset } from '#coco-ts'
import { polygonArea } from './annotated-set.js'
import { type Kind, Notes } from './notes.js'

/** What formats may be unable to hold. */
export type Feature =
  | 'masks'
  | 'composite masks'
  | 'keypoints'
  | 'areas'
  | 'attributes'
  | 'ids'
  | 'supercategories'
  | 'unused categories'
  | 'image properties'
  | 'file properties'

const kinds: Record<Feature, Kind> = {
  masks: ['object has a mask: its box alone is written', 'objects have masks: their boxes alone are written'],
  'composite masks': [
    'object has a mask of several polygons or of run lengths: its box alone is written',
    'objects have masks of several polygons or of run lengths: their boxes alone are written',
  ],
  keypoints: ['object has keypoints: left out', 'objects have keypoints: left out'],
  areas: [
    'object has an area that is not that of its written shape: left out',
    'objects have areas that are not those of their written shapes: left out',
  ],
  attributes: ['object has further properties: left out', 'objects have further properties: left out'],
  ids: [
    'id of an image, object or category is not its place in order: numbered anew when read',
    'ids of images, objects or categories are not their places in order: numbered anew when read',
  ],
  supercategories: ['category has a supercategory: left out', 'categories have a supercategory: left out'],
  'unused categories': [
    'category has no object: its name is not written',
    'categories have no objects: their names are not written',
  ],
  'image properties': ['image has further properties: left out', 'images have further properties: left out'],
  'file properties': ['property of the whole file is left out', 'properties of the whole file are left out'],
}

const OWN_KEYS = ['id', 'image_id', 'category_id', 'bbox', 'area', 'iscrowd', 'segmentation']
  // What the other formats' readers and COCO's own properties bring along.
  .concat(['keypoints', 'num_keypoints', 'score'])
const IMAGE_KEYS = ['id', 'width', 'height', 'file_name']
const FILE_KEYS = ['images', 'annotations', 'categories']

/** What a mask is made of. */
export type MaskKind = 'none' | 'polygon' | 'composite'

export function maskKind({ segmentation }: Pick<Annotation, 'segmentation'>): MaskKind {
  if (segmentation === undefined) return 'none'
  if (!Array.isArray(segmentation)) return 'composite'
  if (segmentation.length === 0) return 'none'
  return segmentation.length === 1 ? 'polygon' : 'composite'
}

export interface Unheld {
  features: readonly Feature[]
  /** Properties of objects that are held all the same. */
  attributes?: readonly string[]
}

/** Notes on all features of a data set that are among those that cannot be held. */
export function notHeld(dataset: Dataset, { features, attributes = [] }: Unheld): Notes {
  const notes = new Notes()
  const note = (feature: Feature, place: string): void => {
    if (features.includes(feature)) notes.add(kinds[feature], place)
  }
  const showing = new Set<number>()
  for (const [i, annotation] of dataset.annotations.entries()) {
    const place = `object ${annotation.id}`
    showing.add(annotation.category_id)
    const mask = maskKind(annotation)
    if (mask !== 'none') note('masks', place)
    if (mask === 'composite') note('composite masks', place)
    if (annotation.keypoints !== undefined) note('keypoints', place)
    if (Math.abs(annotation.area - writtenArea(annotation, mask, features)) > 1) note('areas', place)
    const more = Object.keys(annotation).filter((key) => !OWN_KEYS.includes(key) && !attributes.includes(key))
    if (more.length > 0) note('attributes', `${more.join(', ')} of ${place}`)
    if (annotation.id !== i + 1) note('ids', place)
  }
  for (const [i, image] of dataset.images.entries()) {
    const more = Object.keys(image).filter((key) => !IMAGE_KEYS.includes(key))
    if (more.length > 0) note('image properties', `${more.join(', ')} of ${image.file_name}`)
    if (image.id !== i + 1) note('ids', `image ${image.id}`)
  }
  for (const [i, category] of dataset.categories.entries()) {
    if (category.supercategory !== undefined) note('supercategories', category.name)
    if (!showing.has(category.id)) note('unused categories', category.name)
    if (category.id !== i + 1) note('ids', `category ${category.id} (${category.name})`)
  }
  for (const key of Object.keys(dataset)) if (!FILE_KEYS.includes(key)) note('file properties', key)
  return notes
}

/** The area that a reader computes of what is written. */
function writtenArea(
  { bbox, segmentation }: Annotation,
  mask: MaskKind,
  features: readonly Feature[],
): number {
  return mask === 'polygon' && !features.includes('masks')
    ? polygonArea((segmentation as number[][])[0])
    : bbox[2] * bbox[3]
}
