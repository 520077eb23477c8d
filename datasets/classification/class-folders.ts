/**
 * The layout of image classification in folders, read without opening an image: which classes there are, which files
 * each part has of them, and what is left out.
 */
import { existsSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { DatasetError } from '../files/errors.js'
import {
  entriesOf,
  type FileIdentity,
  fileTree,
  identityAt,
  imageFormats,
  isImageName,
} from '../files/image-files.js'
import { LeftOut, listed } from '../files/left-out.js'
import { alike, lacking, sameFolders } from './class-notes.js'

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

export interface ClassFolders {
  /** Names of the folders in train, sorted. */
  classes: string[]
  parts: { train: ClassPart; validation?: ClassPart; test?: ClassPart }
  /** Parts with images, but without class folders, that were asked for: the names of their images. */
  flat: Partial<Record<PartName, { place: string; images: string[] }>>
  /** What is left out, and what is probably a mistake, in a sentence each; for the user to see. */
  notes: string[]
}

/** What is read beside train. */
export type MeasuredParts = Pick<ClassFolders, 'flat' | 'notes'> & {
  parts: Omit<ClassFolders['parts'], 'train'>
}

/** Names that the folder of a part may have, in any case. */
const partNames: Record<PartName, string[]> = {
  train: ['train'],
  validation: ['val', 'valid', 'validation'],
  test: ['test'],
}

/** True when `folder` has a `train` folder with at least one class folder in it. */
export async function isImageFolder(folder: string): Promise<boolean> {
  if (!existsSync(folder) || !statSync(folder).isDirectory()) return false
  const { folders } = await entriesOf(folder)
  for (const { name } of folders)
    if (
      partNames.train.includes(name.toLowerCase()) &&
      (await entriesOf(join(folder, name))).folders.length > 0
    )
      return true
  return false
}

export interface ReadOptions {
  /** Parts whose images may lie beside each other without class folders; of other parts such images are left out. */
  flat?: readonly PartName[]
}

/**
 * Reads the layout. Images of a class may lie in folders below the class's own; links are followed. Classes are the
 * names of the folders in train, as they are.
 *
 * @throws DatasetError when there are no classes, a class has no image, a part has none or a class that train has not,
 * or two folders could be the same part
 */
export async function readClassFolders(folder: string, options: ReadOptions = {}): Promise<ClassFolders> {
  if (!existsSync(folder)) throw noClasses(folder)
  const { found, leftOut } = await readParts(folder)
  const train = chosenPart(folder, 'train', found)
  if (train === undefined || train.classes.length === 0) throw noClasses(folder)
  const classes = train.classes.map(({ name }) => name)
  refuseEmptyClasses(train)
  const { parts, flat, notes } = measuredParts(folder, found, classes, options)
  return {
    classes,
    parts: { train: filesOf(train, classes), ...parts },
    flat,
    notes: [...leftOut(flat), ...alike(train), ...sameFolders(train), ...notes],
  }
}

/**
 * Reads the validation and test parts of a folder whose train part lies elsewhere.
 *
 * @throws DatasetError as `readClassFolders` does
 */
export async function readMeasuredParts(
  folder: string,
  classes: readonly string[],
  options: ReadOptions = {},
): Promise<MeasuredParts> {
  const { found } = await readParts(folder)
  return measuredParts(folder, found, classes, options)
}

interface FoundParts {
  found: FoundPart[]
  /** Sentences about what is left out, given the parts that need no class folders. */
  leftOut: (flat: ClassFolders['flat']) => string[]
}

async function readParts(folder: string): Promise<FoundParts> {
  const leftOut = new LeftOut()
  const top = await entriesOf(folder)
  leftOut.add('file', top.files)
  leftOut.addAll(top)
  const above = [await identityAt(folder)]
  const found: FoundPart[] = []
  for (const { name, identity } of top.folders) {
    const part = partOfFolder(name)
    if (part === undefined) leftOut.add('folder beside the parts', [name])
    else if (above.includes(identity)) leftOut.add('repeated', [name])
    else found.push(await readPart(part, folder, name, [...above, identity], leftOut))
  }
  return {
    found,
    leftOut(flat) {
      const used = Object.values(flat).map(({ place }) => place)
      for (const { place, loose } of found)
        if (!used.includes(place)) leftOut.add('image beside class folders', loose, basename(place))
      return [...leftOut.sentence(folder), ...found.flatMap(({ unusable }) => unusable)]
    },
  }
}

/** The parts beside train. */
function measuredParts(
  folder: string,
  found: readonly FoundPart[],
  classes: readonly string[],
  { flat: allowed = [] }: ReadOptions,
): MeasuredParts {
  const parts: MeasuredParts['parts'] = {}
  const flat: ClassFolders['flat'] = {}
  const notes: string[] = []
  for (const name of ['validation', 'test'] as const) {
    const part = chosenPart(folder, name, found)
    if (part === undefined) continue
    if (!isUnlabelled(part)) {
      parts[name] = filesOf(part, classes)
      notes.push(...lacking(parts[name], classes))
    } else if (allowed.includes(name)) flat[name] = { place: part.place, images: part.loose }
    else notes.push(`"${part.place}" has images, but no class folders: it is not used.`)
  }
  return { parts, flat, notes }
}

const noClasses = (folder: string): DatasetError =>
  new DatasetError(
    `"${folder}" has no class folders in train/; lay the images out as ${join(folder, 'train', '<class>', '*.jpg')}.`,
  )

interface FoundClass {
  name: string
  identity: FileIdentity
  /** Relative to the class's folder. */
  images: string[]
  /** Files that are no images. */
  others: string[]
}

interface FoundPart {
  part: PartName
  place: string
  classes: FoundClass[]
  /** Images beside the class folders. */
  loose: string[]
  /** Sentences about entries that are named like an image and are not one. */
  unusable: string[]
}

/** The part of a data set that a folder is named for. */
export const partOfFolder = (name: string): PartName | undefined =>
  (Object.keys(partNames) as PartName[]).find((part) => partNames[part].includes(name.toLowerCase()))

async function readPart(
  part: PartName,
  folder: string,
  name: string,
  above: FileIdentity[],
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
    const tree = await fileTree(join(place, className), above)
    const images = tree.files.filter(isImageName)
    const others = tree.files.filter((file) => !isImageName(file))
    classes.push({ name: className, identity, images, others })
    const prefix = `${name}/${className}`
    for (const path of tree.empty.filter(isImageName))
      unusable.push(`${join(place, className, path)} cannot be read as an image: it is a folder.`)
    leftOut.add('file', others, prefix)
    leftOut.add('repeated', tree.repeated, prefix)
    leftOut.addAll(tree, prefix)
    if (part !== 'train' && images.length === 0) leftOut.add('class folder without images', [className], name)
  }
  return { part, place, classes, loose, unusable }
}

const hasImages = ({ classes }: FoundPart): boolean => classes.some(({ images }) => images.length > 0)

/** A part for which there are images alone, without classes: they cannot be measured on. */
const isUnlabelled = (part: FoundPart): boolean => part.classes.length === 0 && part.loose.length > 0

/** The folder of a part; undefined when there is none. */
function chosenPart(folder: string, part: PartName, found: readonly FoundPart[]): FoundPart | undefined {
  const all = found.filter((one) => one.part === part)
  const full = all.filter(hasImages)
  if (full.length > 1) {
    const places = full.map(({ place }) => place)
    throw new DatasetError(
      `"${folder}" has several folders that may be its ${part} part: ${places.join(' and ')}; keep one of them ` +
        'and move the others elsewhere.',
    )
  }
  const [one] = full.length === 1 ? full : all
  if (part !== 'train' && one !== undefined && full.length === 0 && !isUnlabelled(one))
    throw new DatasetError(
      `"${one.place}" has no images; put some into folders there, one for each class of train, or remove it.`,
    )
  return one
}

function refuseEmptyClasses({ place, classes }: FoundPart): void {
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

/** The files with the numbers of their classes. */
function filesOf({ place, classes: found }: FoundPart, classes: readonly string[]): ClassPart {
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
