/**
 * The layout of image classification in folders, read without opening an image: which classes there are, which files
 * each part has of them, and what is left out.
 */
import { existsSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { DatasetError } from '../files/errors.js'
import { entriesOf, identityAt } from '../files/image-files.js'
import { LeftOut } from '../files/left-out.js'
import { bareClasses } from './bare-classes.js'
import { alike, lacking, sameFolders } from './class-notes.js'
import {
  type ClassPart,
  type FoundPart,
  filesOf,
  hasImages,
  isUnlabelled,
  type PartName,
  partNames,
  partOfFolder,
  readPart,
  refuseEmptyClasses,
} from './class-part.js'

export { type ClassFile, type ClassPart, type PartName, partOfFolder } from './class-part.js'

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
 * names of the folders in train, as they are. Where `folder` has no parts but class folders itself, all of it is train.
 *
 * @throws DatasetError when there are no classes, a class has no image, a part has none or a class that train has not,
 * or two folders could be the same part
 */
export async function readClassFolders(folder: string, options: ReadOptions = {}): Promise<ClassFolders> {
  if (!existsSync(folder)) throw noClasses(folder)
  const { found, leftOut } = await readParts(folder)
  const train = chosenPart(folder, 'train', found)
  if (train === undefined || train.classes.length === 0) {
    const bare = await bareClasses(folder)
    if (bare === null) throw noClasses(folder)
    return readBareClasses(folder, bare)
  }
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

/** Class folders that lie in `folder` itself, as train. */
async function readBareClasses(folder: string, classes: string[]): Promise<ClassFolders> {
  const leftOut = new LeftOut()
  const above = [await identityAt(folder)]
  const train = await readPart({ part: 'train', folder, name: '', above, classes }, leftOut)
  leftOut.add('image beside class folders', train.loose)
  return {
    classes,
    parts: { train: filesOf(train, classes) },
    flat: {},
    notes: [...leftOut.sentence(folder), ...train.unusable, ...alike(train), ...sameFolders(train)],
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
    else found.push(await readPart({ part, folder, name, above: [...above, identity] }, leftOut))
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
    `"${folder}" has no class folders in train/, nor has it any itself; lay the images out as ${join(folder, '<class>', '*.jpg')} or ` +
      `${join(folder, 'train', '<class>', '*.jpg')}.`,
  )

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
