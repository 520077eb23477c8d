/** Splits a folder that has a folder of images for each class. */
import { copyFile, mkdir, symlink } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { partOfFolder } from '../classification/class-folders.js'
import { selectCategories } from '../detection/select-categories.js'
import { DatasetError } from '../files/errors.js'
import { entriesOf, fileTree, isImageName } from '../files/image-files.js'
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
 * @throws DatasetError for a folder that has validation images already, or without images
 */
export async function splitClassFolders(
  folder: string,
  chosen: readonly string[] | undefined,
  options: SplitOptions,
): Promise<SplitClasses> {
  const root = await classRoot(folder)
  const { classes, notes: choice } = chooseClasses(await classNames(root), chosen)
  const images = await Promise.all(
    classes.map(async (name, category) => {
      const { files } = await fileTree(join(root, name))
      return files.filter(isImageName).map((file) => ({ name: `${name}/${file}`, category }))
    }),
  )
  const all = images.flat()
  if (all.length === 0) throw new DatasetError(`"${root}" has no image in a class folder.`)
  const names = all.map(({ name }) => name)
  const categories = all.map(({ category }) => [category])
  const { parts, notes } = await splitImages(
    { names, images: names.map((name) => join(root, name)), categories },
    options,
  )
  const counts = countCategories(classes, categories, parts)
  return { root, names, parts, counts, notes: [...choice, ...notes, ...lackingNotes(counts)] }
}

async function classRoot(folder: string): Promise<string> {
  const { folders } = await entriesOf(folder)
  const part = (wanted: string) => folders.find(({ name }) => partOfFolder(name) === wanted)
  const held = part('validation')
  if (held !== undefined)
    throw new DatasetError(
      `"${folder}" is split already: it has ${held.name}; name the folder of one part, such as ${join(folder, part('train')?.name ?? held.name)}.`,
    )
  const train = part('train')
  return train === undefined ? folder : join(folder, train.name)
}

async function classNames(root: string): Promise<string[]> {
  const { folders } = await entriesOf(root)
  return folders.map(({ name }) => name)
}

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
