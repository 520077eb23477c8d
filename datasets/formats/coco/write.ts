import { type Dataset, DatasetBuilder } from '#coco-ts'
import type { AnnotatedSet } from '../../annotated/annotated-set.js'
import { type Kind, Notes } from '../../annotated/notes.js'
import { newWrittenSet, safeName, type WrittenSet } from '../../annotated/written.js'

const OTHER_KEYS: Kind = [
  'property of the whole file is left out',
  'properties of the whole file are left out',
]
const HELD_KEYS = ['images', 'annotations', 'categories', 'info', 'licenses']

/** COCO's files: `annotations/<part>.json` and `images/`. They hold all that is read of the other formats. */
export function cocoFiles({ parts }: AnnotatedSet): WrittenSet {
  const written = newWrittenSet(new Notes())
  for (const { name, dataset } of parts) {
    const images = dataset.images.map((image) => ({ ...image, file_name: safeName(image.file_name!) }))
    for (const key of Object.keys(dataset)) if (!HELD_KEYS.includes(key)) written.notHeld.add(OTHER_KEYS, key)
    written.datasets.push({ path: `annotations/${name}.json`, dataset: { ...dataset, images } })
    for (const [i, { file_name }] of images.entries())
      written.images.push({ part: name, fileName: dataset.images[i].file_name!, path: `images/${file_name}` })
  }
  return written
}

/** Writes an annotation file, piece by piece. */
export async function writeCocoFile(path: string, dataset: Dataset): Promise<void> {
  const { info, licenses } = dataset
  const builder = new DatasetBuilder({
    ...(info !== undefined && { info }),
    ...(licenses !== undefined && { licenses }),
  })
  for (const image of dataset.images) builder.addImage(image)
  for (const category of dataset.categories) builder.addCategory(category)
  for (const annotation of dataset.annotations) builder.addAnnotation(annotation)
  await builder.write(path)
}
