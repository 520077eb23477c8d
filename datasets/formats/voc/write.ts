import type { Annotation, CocoImage, Dataset } from '#coco-ts'
import { html } from '../../../src/shared/html.js'
import { type AnnotatedSet, WHOLE } from '../../annotated/annotated-set.js'
import { type Feature, notHeld } from '../../annotated/not-held.js'
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

const CROWD: Kind = ['crowd is written as a difficult object', 'crowds are written as difficult objects']
const SMALL: Kind = [
  'box is narrower than a pixel, which other readers may take for reversed',
  'boxes are narrower than a pixel, which other readers may take for reversed',
]
const NO_JPG: Kind = [
  'image is not a .jpg, the only ending that some readers look for',
  'images are not .jpg, the only ending that some readers look for',
]

const UNHELD: Feature[] = [
  'masks',
  'keypoints',
  'areas',
  'attributes',
  'ids',
  'supercategories',
  'unused categories',
]
const OF_FILES: Feature[] = ['image properties', 'file properties']
const FLAGS = ['truncated', 'occluded', 'difficult']

/**
 * VOC's files: `JPEGImages/`, `Annotations/*.xml` and `ImageSets/Main/<part>.txt`. Boxes count from 1 and hold their
 * last pixel (xmin = x + 1, xmax = x + width); they have decimals where the boxes have them. Crowds become `difficult`.
 *
 * @throws DatasetError for images whose names differ in their ending alone
 */
export function vocFiles({ parts }: AnnotatedSet): WrittenSet {
  const written = newWrittenSet(new Notes())
  const lists = new Map<string, string[]>()
  const seen = new Set<string>()
  refuseSameStems(parts.flatMap(({ dataset }) => dataset.images.map(({ file_name }) => safeName(file_name!))))
  for (const { name: part, dataset } of parts) {
    const unheld = { features: [...UNHELD, ...OF_FILES], attributes: [...FLAGS, 'pose'] }
    written.notHeld.addAll(notHeld(dataset, unheld))
    const objects = objectsOf(dataset)
    const nameOf = new Map(dataset.categories.map(({ id, name }) => [id, name]))
    for (const image of dataset.images) {
      const name = safeName(image.file_name!)
      const list =
        part === WHOLE ? ['trainval'] : part === 'train' || part === 'val' ? [part, 'trainval'] : [part]
      for (const one of list) lists.set(one, [...(lists.get(one) ?? []), stemOf(name)])
      if (seen.has(name)) continue
      seen.add(name)
      if (!name.endsWith('.jpg')) written.notHeld.add(NO_JPG, name)
      written.images.push({ part, fileName: image.file_name!, path: `JPEGImages/${name}` })
      const text = annotationXml(image, objects.get(image.id) ?? [], nameOf, written.notHeld)
      written.texts.push({ path: `Annotations/${stemOf(name)}.xml`, text })
    }
  }
  for (const [list, stems] of lists)
    written.texts.push({
      path: `ImageSets/Main/${list}.txt`,
      text: [...new Set(stems)].map((stem) => `${stem}\n`).join(''),
    })
  return written
}

const escaped = (text: string): string => html`${text}`.toString()

function annotationXml(
  image: CocoImage,
  objects: readonly Annotation[],
  nameOf: ReadonlyMap<number, Dataset['categories'][number]['name']>,
  notes: Notes,
): string {
  const name = safeName(image.file_name!)
  return [
    '<annotation>',
    '  <folder>JPEGImages</folder>',
    `  <filename>${escaped(name.slice(name.lastIndexOf('/') + 1))}</filename>`,
    `  <size><width>${image.width}</width><height>${image.height}</height><depth>3</depth></size>`,
    '  <segmented>0</segmented>',
    ...objects.flatMap((object) => objectXml(object, image, nameOf.get(object.category_id)!, notes)),
    '</annotation>',
    '',
  ].join('\n')
}

/** Of a pixel: more than any annotation has. */
const DECIMALS = 8

function objectXml(object: Annotation, image: CocoImage, name: string, notes: Notes): string[] {
  const corners = insideBox(object, image, notes)
  if (corners === undefined) return []
  const [x1, y1, x2, y2] = corners
  if (x2 - x1 < 1 || y2 - y1 < 1) notes.add(SMALL, `object ${object.id}`)
  const difficult = object.iscrowd || object.difficult ? 1 : 0
  if (object.iscrowd && !object.difficult) notes.add(CROWD, `object ${object.id}`)
  const box = { xmin: x1 + 1, ymin: y1 + 1, xmax: x2, ymax: y2 }
  const fields = {
    name: escaped(name),
    pose: escaped(typeof object.pose === 'string' ? object.pose : 'Unspecified'),
    truncated: object.truncated ? 1 : 0,
    ...(object.occluded !== undefined && { occluded: object.occluded ? 1 : 0 }),
    difficult,
    bndbox: Object.entries(box)
      .map(([key, value]) => `<${key}>${decimals(value, DECIMALS)}</${key}>`)
      .join(''),
  }
  const lines = Object.entries(fields).map(([key, value]) => `    <${key}>${value}</${key}>`)
  return ['  <object>', ...lines, '  </object>']
}
