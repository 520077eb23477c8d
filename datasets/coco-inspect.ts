/** What a COCO annotation file holds, counted, and what in it deserves a second look. */
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Annotation, COCO, type CocoImage, describeProblem } from 'coco-ts'
import sharp from 'sharp'

export interface Spread {
  least: number
  median: number
  most: number
}

export interface CategoryCount {
  id: number
  name: string
  images: number
  objects: number
  crowds: number
}

export interface CocoInspection {
  images: { count: number; withoutObjects: number; width: Spread; height: Spread }
  objects: {
    count: number
    crowds: number
    perImage: Spread
    /** By area: below 32², up to 96², above. */
    small: number
    medium: number
    large: number
    polygons: number
    rle: number
    withoutMask: number
    withKeypoints: number
  }
  /** The most frequent first. */
  categories: CategoryCount[]
  /** Entries that were left out because they are wrong: how many, by kind, and the first in words. */
  problems: { count: number; byKind: Record<string, number>; first: string[] }
  /** What is allowed but may not be meant. */
  warnings: string[]
}

/** Counts everything; entries that are wrong are left out and told in `problems`. */
export async function inspectCoco(path: string): Promise<{ coco: COCO; inspection: CocoInspection }> {
  const coco = await COCO.load(path, { lenient: true })
  const { images, annotations } = coco.dataset
  const objects = annotations.filter((ann) => ann.bbox !== undefined)
  const count = (test: (ann: Annotation) => boolean): number => objects.filter(test).length
  const inspection: CocoInspection = {
    images: {
      count: images.length,
      withoutObjects: images.filter((image) => !coco.imgToAnns.has(image.id)).length,
      width: spread(images.map((image) => image.width)),
      height: spread(images.map((image) => image.height)),
    },
    objects: {
      count: objects.length,
      crowds: count((ann) => Boolean(ann.iscrowd)),
      perImage: spread(images.map((image) => coco.imgToAnns.get(image.id)?.length ?? 0)),
      small: count((ann) => ann.area < 32 ** 2),
      medium: count((ann) => ann.area >= 32 ** 2 && ann.area <= 96 ** 2),
      large: count((ann) => ann.area > 96 ** 2),
      polygons: count((ann) => coco.maskForm(ann) === 'polygons'),
      rle: count((ann) => coco.maskForm(ann) === 'rle'),
      withoutMask: count((ann) => coco.maskForm(ann) === 'none'),
      withKeypoints: count((ann) => ann.keypoints !== undefined),
    },
    categories: countCategories(coco),
    problems: {
      count: coco.problems.count,
      byKind: coco.problems.byKind,
      first: coco.problems.first.map(describeProblem),
    },
    warnings: warningsFor(coco, objects),
  }
  return { coco, inspection }
}

function spread(values: number[]): Spread {
  if (values.length === 0) return { least: 0, median: 0, most: 0 }
  const sorted = values.sort((a, b) => a - b)
  return { least: sorted[0], median: sorted[sorted.length >> 1], most: sorted[sorted.length - 1] }
}

function countCategories(coco: COCO): CategoryCount[] {
  const crowds = new Map<number, number>()
  for (const { iscrowd, category_id } of coco.dataset.annotations) {
    if (iscrowd) crowds.set(category_id, (crowds.get(category_id) ?? 0) + 1)
  }
  return coco.dataset.categories
    .map(({ id, name }) => {
      const shown = coco.catToImgs.get(id) ?? []
      return { id, name, images: new Set(shown).size, objects: shown.length, crowds: crowds.get(id) ?? 0 }
    })
    .sort((a, b) => b.objects - a.objects)
}

/** The box's part of a pixel that rounding to two decimals may put over the edge. */
const TOLERANCE = 0.01

function warningsFor(coco: COCO, objects: readonly Annotation[]): string[] {
  const over = objects.filter(({ bbox: [x, y, width, height], image_id }) => {
    const image = coco.imgs.get(image_id)!
    const inside = x >= -TOLERANCE && y >= -TOLERANCE
    return !inside || x + width > image.width + TOLERANCE || y + height > image.height + TOLERANCE
  })
  const empty = objects.filter(({ bbox }) => bbox[2] === 0 || bbox[3] === 0)
  const zero = objects.filter(({ id }) => id === 0)
  const unused = coco.dataset.categories.filter(({ id }) => !coco.catToImgs.has(id))
  const found = (list: readonly { id: number }[], what: string): string[] =>
    list.length === 0 ? [] : [`${list.length} ${what} (the first: id ${list[0].id})`]
  return [
    ...found(over, 'boxes reach over the edge of their image'),
    ...found(empty, 'boxes have no area'),
    ...found(zero, 'annotations have the id 0, which COCO’s evaluation takes for "not found": count from 1'),
    ...found(unused, 'categories have no objects'),
  ]
}

/** Images that lie side by side on their way through sharp. */
const AT_ONCE = 8

/** Compares the files in `folder` with what the annotations say of them; what differs, in words. */
export async function checkImages(coco: COCO, folder: string): Promise<string[]> {
  const faults: string[] = []
  const queue = coco.dataset.images.values()
  const work = async (): Promise<void> => {
    for (const image of queue) {
      const fault = await imageFault(image, folder)
      if (fault) faults.push(fault)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  return faults
}

async function imageFault(image: CocoImage, folder: string): Promise<string | undefined> {
  const { id, file_name: name, width, height } = image
  if (name === undefined) return `image ${id} has no file_name`
  const path = join(folder, name)
  const found = await stat(path).catch(() => undefined)
  if (!found) return `image ${id}: there is no file ${path}`
  try {
    const actual = await sharp(path).metadata()
    if (actual.width === width && actual.height === height) return undefined
    return `image ${id}: ${path} is ${actual.width} × ${actual.height}, but the annotations say ${width} × ${height}`
  } catch (error) {
    return `image ${id}: ${path} cannot be read (${(error as Error).message.split('\n')[0]})`
  }
}
