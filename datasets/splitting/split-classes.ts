/** Splits a folder that has a folder of images for each class. */
import { copyFile, mkdir, symlink } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { type ClassFolders, readClassFolders } from '../classification/class-folders.js'
import { selectCategories } from '../detection/select-categories.js'
import { DatasetError } from '../files/errors.js'
import { writeNewFolder } from '../files/new-folder.js'
import { type CategoryCounts, countCategories, lackingNotes } from './category-counts.js'
import { type SplitOptions, type SplitPart, splitImages } from './split.js'

export interface SplitClasses {
  /** The folder that holds the class folders. */
  root: string
  /** Relative to `root`, with `/`, each beginning with its class. */
  names: string[]
  parts: SplitPart[]
  counts: CategoryCounts[]
  notes: string[]
}

/**
 * Splits the images in the class folders of `folder`, or of its `train/` where there is one.
 *
 * @param chosen Names of the classes to take; all where it is undefined
 * @throws DatasetError for a folder that has validation images already, of one class alone, or as `readClassFolders` does
 */
export async function splitClassFolders(
  folder: string,
  chosen: readonly string[] | undefined,
  options: SplitOptions,
): Promise<SplitClasses> {
  const { classes: all, parts: found, notes: reading } = await readClassFolders(folder)
  const { train, test } = found
  refuseSplit(folder, found)
  const beside = test === undefined ? [] : [`"${test.place}" stays where it is, and is no part of the split.`]
  const { classes, notes: choice } = chooseClasses(all, chosen)
  if (classes.length < 2) throw oneClass(folder, classes[0])
  const files = train.files.filter(({ classId }) => classes.includes(all[classId]))
  const names = files.map(({ name }) => name)
  const categories = files.map(({ classId }) => [classes.indexOf(all[classId])])
  const { parts, notes } = await splitImages(
    { names, images: files.map(({ path }) => path), categories },
    options,
  )
  const counts = countCategories(classes, categories, parts)
  return {
    ...{ root: train.place, names, parts, counts },
    notes: [...reading, ...beside, ...choice, ...notes, ...lackingNotes(counts, 'image')],
  }
}

function refuseSplit(folder: string, { train, validation }: ClassFolders['parts']): void {
  if (validation !== undefined)
    throw new DatasetError(
      `"${folder}" is split already: it has ${basename(validation.place)}; name the folder of one part, such as ${train.place}.`,
    )
}

const oneClass = (folder: string, name: string): DatasetError =>
  new DatasetError(
    `"${folder}" has images of one class alone, "${name}", and no annotations: a classifier needs two classes or more, ` +
      'each a folder of its images; a detector needs annotations of COCO, YOLO, Pascal VOC or CSV.',
  )

function chooseClasses(
  classes: readonly string[],
  chosen: readonly string[] | undefined,
): { classes: readonly string[]; notes: string[] } {
  if (chosen === undefined) return { classes, notes: [] }
  const categories = classes.map((name, i) => ({ id: i + 1, name }))
  const { dataset, notes } = selectCategories({ images: [], annotations: [], categories }, chosen)
  return { classes: dataset.categories.map(({ name }) => name), notes }
}

/** Writes `<part>/<class>/…` into a new folder: links to the images, or copies of them. */
export async function writeClassSplit(
  folder: string,
  { root, names, parts }: SplitClasses,
  copy: boolean,
): Promise<void> {
  await writeNewFolder(folder, 'the parts', async (temporary) => {
    const folders = new Set<string>()
    for (const [i, name] of names.entries()) {
      const to = join(temporary, parts[i], name)
      if (!folders.has(dirname(to))) await mkdir(dirname(to), { recursive: true })
      folders.add(dirname(to))
      await (copy ? copyFile(join(root, name), to) : symlink(resolve(root, name), to))
    }
    return true
  })
}
