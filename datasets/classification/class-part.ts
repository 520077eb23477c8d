/** One part of a data set in class folders: what lies in it, and the files of its classes. */
import { join } from 'node:path'
import { DatasetError } from '../files/errors.js'
import { entriesOf, type FileIdentity, fileTree, imageFormats, isImageName } from '../files/image-files.js'
import { type LeftOut, listed } from '../files/left-out.js'

export interface ClassFile {
  /** Relative to the part's folder, with `/`, beginning with the folder of the class. */
  name: string
  path: string
  classId: number
}

export interface ClassPart {
  /** The part's folder. */
  place: string
  /** Class by class, in each in the order of the names. */
  files: ClassFile[]
}

export type PartName = 'train' | 'validation' | 'test'

/** Names that the folder of a part may have, in any case. */
export const partNames: Record<PartName, string[]> = {
  train: ['train'],
  validation: ['val', 'valid', 'validation'],
  test: ['test'],
}

/** The part of a data set that a folder is named for. */
export const partOfFolder = (name: string): PartName | undefined =>
  (Object.keys(partNames) as PartName[]).find((part) => partNames[part].includes(name.toLowerCase()))

export interface FoundClass {
  name: string
  identity: FileIdentity
  /** Relative to the class's folder. */
  images: string[]
  /** Files that are no images. */
  others: string[]
}

export interface FoundPart {
  part: PartName
  place: string
  classes: FoundClass[]
  /** Images beside the class folders. */
  loose: string[]
  /** Sentences about entries that are named like an image and are not one. */
  unusable: string[]
}

/** The folder of a part: `name` in `folder`, or `folder` itself where the name is empty. */
export interface PartFolder {
  part: PartName
  folder: string
  name: string
  /** Folders that it must not lead back to. */
  above: FileIdentity[]
  /** Names of the folders in it that are classes; by default all. */
  classes?: readonly string[]
}

/** Reads a part. What is left out is added to `leftOut`. */
export async function readPart(
  { part, folder, name, above, classes: chosen }: PartFolder,
  leftOut: LeftOut,
): Promise<FoundPart> {
  const place = join(folder, name)
  const entries = await entriesOf(place)
  const loose = entries.files.filter(isImageName)
  leftOut.add(
    'file',
    entries.files.filter((file) => !isImageName(file)),
    name,
  )
  leftOut.addAll(entries, name)
  const classes: FoundClass[] = []
  const unusable: string[] = []
  for (const { name: className, identity } of entries.folders) {
    if (above.includes(identity)) {
      leftOut.add('repeated', [className], name)
      continue
    }
    if (chosen !== undefined && !chosen.includes(className)) {
      leftOut.add('folder beside the classes', [className], name)
      continue
    }
    const tree = await fileTree(join(place, className), above)
    const images = tree.files.filter(isImageName)
    const others = tree.files.filter((file) => !isImageName(file))
    classes.push({ name: className, identity, images, others })
    const prefix = name === '' ? className : `${name}/${className}`
    for (const path of tree.empty.filter(isImageName))
      unusable.push(`${join(place, className, path)} cannot be read as an image: it is a folder.`)
    leftOut.add('file', others, prefix)
    leftOut.add('repeated', tree.repeated, prefix)
    leftOut.addAll(tree, prefix)
    if (part !== 'train' && images.length === 0) leftOut.add('class folder without images', [className], name)
  }
  return { part, place, classes, loose, unusable }
}

export const hasImages = ({ classes }: FoundPart): boolean => classes.some(({ images }) => images.length > 0)

/** A part for which there are images alone, without classes: they cannot be measured on. */
export const isUnlabelled = (part: FoundPart): boolean => part.classes.length === 0 && part.loose.length > 0

export function refuseEmptyClasses({ place, classes }: FoundPart): void {
  const empty = classes.filter(({ images }) => images.length === 0)
  if (empty.length === 0) return
  const [{ name, others }] = empty
  const names = empty.map((one) => `"${one.name}"`)
  throw new DatasetError(
    `${empty.length === 1 ? `The class ${names[0]} has no image` : `The classes ${listed(names)} have no images`} in ` +
      `${empty.length === 1 ? join(place, name) : place}` +
      `${others.length > 0 ? ` (only files such as ${others[0]}, which are not ${imageFormats})` : ''}; ` +
      `add some, or remove the ${empty.length === 1 ? 'folder' : 'folders'}.`,
  )
}

/** The files with the numbers of their classes. Throws a `DatasetError` for a class that is not among `classes`. */
export function filesOf({ place, classes: found }: FoundPart, classes: readonly string[]): ClassPart {
  const filled = found.filter(({ images }) => images.length > 0)
  const idOf = (name: string): number => classIdOf(name, classes)
  const unknown = filled.filter(({ name }) => idOf(name) < 0).map(({ name }) => name)
  if (unknown.length > 0) {
    const [first, ...more] = unknown
    const alike = classes.find((known) => known.toLowerCase() === first.toLowerCase())
    throw new DatasetError(
      `${join(place, first)} is a class that ${join(place, '..', 'train')} does not have` +
        `${more.length > 0 ? `, and so ${more.length === 1 ? 'is' : 'are'} ${listed(more)}` : ''}; ` +
        `${alike === undefined ? 'add images of it to train, or remove the folder' : `rename it to ${alike} if they are the same class`}.`,
    )
  }
  const files = filled
    .map(({ name, images }) => ({ name, images, classId: idOf(name) }))
    .sort((a, b) => a.classId - b.classId)
    .flatMap(({ name, images, classId }) =>
      images.map((image) => ({ name: `${name}/${image}`, path: join(place, name, image), classId })),
    )
  return { place, files }
}

/** The same name counts, or else the only one that differs in Unicode form alone; −1: there is none. */
function classIdOf(name: string, classes: readonly string[]): number {
  const exact = classes.indexOf(name)
  if (exact >= 0) return exact
  const same = classes.filter((known) => known.normalize('NFC') === name.normalize('NFC'))
  return same.length === 1 ? classes.indexOf(same[0]) : -1
}
