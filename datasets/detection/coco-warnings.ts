/** Reports what in a COCO annotation file is allowed but probably a mistake. */
import type { Annotation, COCO, CocoImage } from '#coco-ts'
import { boxFormNotes, listCategories, sameNames, shortName, unusedRoots } from './annotation-notes.js'
import { hasAreaInside } from './coco-set.js'

/** The box's part of a pixel that rounding to two decimals may put over the edge. */
const TOLERANCE = 0.01

/** A sentence on each kind of suspicious entry in the file at `path`. */
export function cocoWarnings(coco: COCO, objects: readonly Annotation[], path: string): string[] {
  const imageOf = (ann: Annotation): CocoImage => coco.imgs.get(ann.image_id)!
  const empty = objects.filter((ann) => !hasAreaInside(ann.bbox, imageOf(ann)))
  const over = objects.filter((ann) => {
    const [x, y, width, height] = ann.bbox
    const image = imageOf(ann)
    if (!hasAreaInside(ann.bbox, image)) return false
    const inside = x >= -TOLERANCE && y >= -TOLERANCE
    return !inside || x + width > image.width + TOLERANCE || y + height > image.height + TOLERANCE
  })
  const zero = objects.filter(({ id }) => id === 0)
  const flat = objects.filter(({ area, bbox }) => area === 0 && bbox[2] * bbox[3] > 0)
  const { categories } = coco.dataset
  const roots = unusedRoots(coco)
  const unused = categories.filter(
    (category) => !coco.catToImgs.has(category.id) && !roots.includes(category),
  )
  const odd = categories.filter(({ name }) => name !== shortName(name))
  const found = (list: readonly { id: number }[], one: string, several: string): string[] =>
    list.length === 0
      ? []
      : [`${list.length} ${list.length === 1 ? one : several} (the first: id ${list[0].id})`]
  return [
    ...found(
      over,
      'box reaches over the edge of its image, where training cuts it',
      'boxes reach over the edge of their image, where training cuts them',
    ),
    ...found(
      empty,
      'box has no area inside its image; training leaves it out',
      'boxes have no area inside their image; training leaves them out',
    ),
    ...found(
      zero,
      'annotation has the id 0, which COCO’s evaluation takes for "not found": count from 1',
      'annotations have the id 0, which COCO’s evaluation takes for "not found": count from 1',
    ),
    ...found(
      flat,
      'object has an area of 0, though its box has one; it counts as small',
      'objects have an area of 0, though their boxes have one; they count as small',
    ),
    ...boxFormNotes(coco, path),
    ...(objects.every(({ iscrowd }) => iscrowd) ? [nothingToLearn(objects.length)] : []),
    ...(unused.length === 0
      ? []
      : [
          `${unused.length} ${unused.length === 1 ? 'category has' : 'categories have'} no objects: ${listCategories(unused)}`,
        ]),
    ...found(
      roots,
      'category is only the supercategory of others; training leaves it out',
      'categories are only the supercategory of others; training leaves them out',
    ),
    ...sameNames(categories).map(
      (group) =>
        `${group.length} categories have the same name: ${listCategories(group)}; training refuses this where they have objects`,
    ),
    ...found(
      odd,
      'category has a name of more than 40 characters, or with line breaks',
      'categories have a name of more than 40 characters, or with line breaks',
    ),
    ...gaps(categories.map(({ id }) => id)),
  ]
}

const nothingToLearn = (crowds: number): string =>
  `there is no object to learn from${crowds > 0 ? `: all ${crowds} are crowds` : ''}; training refuses this`

function gaps(ids: number[]): string[] {
  const first = ids.reduce((least, id) => Math.min(least, id), Number.POSITIVE_INFINITY)
  const last = ids.reduce((most, id) => Math.max(most, id), Number.NEGATIVE_INFINITY)
  if (ids.length === 0 || last - first + 1 === ids.length) return []
  return [`category ids have gaps (${ids.length} of ${first} to ${last}), which is allowed`]
}
