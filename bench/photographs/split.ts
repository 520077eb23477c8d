/** Cuts COCO annotations into two sets of images with the most frequent categories. */
import { random, shuffle } from '../../src/shared/random.js'

/** The parts of a file of COCO annotations that are needed here. */
export interface Annotations {
  images: { id: number; file_name: string }[]
  annotations: { image_id: number; category_id: number; iscrowd?: number }[]
  categories: { id: number; name: string }[]
}

const isObject = ({ iscrowd = 0 }: Annotations['annotations'][number]): boolean => iscrowd === 0

/** Only the `count` categories with the most objects, crowds not counted, and their annotations; all images. */
export function mostFrequent(all: Annotations, count: number): Annotations {
  const objects = new Map<number, number>()
  for (const { category_id: id } of all.annotations.filter(isObject))
    objects.set(id, (objects.get(id) ?? 0) + 1)
  const order = [...objects].sort(([a, many], [b, more]) => more - many || a - b)
  const kept = new Set(order.slice(0, count).map(([id]) => id))
  return {
    ...all,
    annotations: all.annotations.filter(({ category_id: id }) => kept.has(id)),
    categories: all.categories.filter(({ id }) => kept.has(id)),
  }
}

/** Draws from 1, 2, … are tried until every category has objects on both sides. */
const DRAWS = 1000

/**
 * `training` images drawn by the seed, and the others; each category has objects among both.
 *
 * @throws Error when no such cut is found
 */
export function cut(
  all: Annotations,
  training: number,
  seed: number,
): { training: Annotations; heldOut: Annotations } {
  for (let draw = 1; draw <= DRAWS; draw++) {
    const order = shuffle([...all.images], random(seed, 'photographs', draw).uniform)
    const sides = [order.slice(0, training), order.slice(training)].map((images) => withImages(all, images))
    if (sides.every(hasEveryCategory)) return { training: sides[0], heldOut: sides[1] }
  }
  throw new Error(
    `No cut into ${training} images and the others has objects of every category on both sides.`,
  )
}

function withImages(all: Annotations, images: Annotations['images']): Annotations {
  const ids = new Set(images.map(({ id }) => id))
  return { ...all, images, annotations: all.annotations.filter(({ image_id: id }) => ids.has(id)) }
}

function hasEveryCategory({ annotations, categories }: Annotations): boolean {
  const seen = new Set(annotations.filter(isObject).map(({ category_id: id }) => id))
  return categories.every(({ id }) => seen.has(id))
}
