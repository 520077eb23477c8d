import { join } from 'node:path'
import type { Dataset } from '#coco-ts'
import { type AnnotatedPart, type AnnotatedSet, imagePath } from '../annotated/annotated-set.js'
import { DatasetError } from '../files/errors.js'
import { writeNewFolder } from '../files/new-folder.js'
import { writeCocoFile } from '../formats/coco/write.js'
import { type CategoryCounts, countCategories, lackingNotes } from './category-counts.js'
import { type SplitOptions, type SplitPart, splitImages, splitParts } from './split.js'

export interface SplitSet {
  parts: { name: SplitPart; dataset: Dataset }[]
  counts: CategoryCounts[]
  notes: string[]
}

/** Splits images with objects; every part has all categories. Crowds count as objects of their category. */
export async function splitAnnotated(
  set: Pick<AnnotatedSet, 'root'>,
  { dataset }: Pick<AnnotatedPart, 'dataset'>,
  options: SplitOptions,
): Promise<SplitSet> {
  const { images, annotations, categories } = dataset
  const place = new Map(images.map(({ id }, i) => [id, i]))
  const category = new Map(categories.map(({ id }, i) => [id, i]))
  const objects = images.map((): number[] => [])
  for (const { image_id, category_id } of annotations)
    objects[place.get(image_id)!].push(category.get(category_id)!)
  const names = images.map(({ file_name }) => file_name!)
  const { parts, notes } = await splitImages(
    {
      names,
      images: names.map((name) => imagePath(set, name)),
      categories: objects.map((ofImage) => [...new Set(ofImage)]),
    },
    options,
  )
  const counts = countCategories(
    categories.map(({ name }) => name),
    objects,
    parts,
  )
  return {
    parts: splitParts.flatMap((name) => {
      if (!parts.includes(name)) return []
      const own = images.filter((_, i) => parts[i] === name)
      const ofPart = annotations.filter(({ image_id }) => parts[place.get(image_id)!] === name)
      return [{ name, dataset: { ...dataset, images: own, annotations: ofPart } }]
    }),
    counts,
    notes: [...notes, ...lackingNotes(counts)],
  }
}

/** Writes `train.json`, `val.json` and `test.json` into a new folder. */
export async function writeSplit(folder: string, { parts }: SplitSet): Promise<void> {
  await writeNewFolder(folder, 'the lists', async (temporary) => {
    for (const { name, dataset } of parts) await writeCocoFile(join(temporary, `${name}.json`), dataset)
    return true
  })
}

/**
 * The only part of a set, or the one that is named.
 *
 * @throws DatasetError where there are several and none is named, or none is called so
 */
export function partToSplit({ parts }: AnnotatedSet, from: string, name?: string): AnnotatedPart {
  const found = name === undefined ? parts : parts.filter((part) => part.name === name)
  if (found.length === 1) return found[0]
  const list = parts.map((part) => `${part.name} (${part.dataset.images.length} images)`).join(', ')
  throw new DatasetError(
    name === undefined
      ? `"${from}" is split already: ${list}; name the part that is to be split with --part.`
      : `"${from}" has no part "${name}"; it has ${list}.`,
  )
}
