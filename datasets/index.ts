/// <reference types="node" preserve="true" />

/**
 * Image sets by name or folder, and what detection sets are made of.
 *
 * @module nasnet-toolkit/datasets
 */

import { existsSync, readdirSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { bareClasses } from './classification/bare-classes.js'
import { cifar10Folder, findCifar10, loadCifar10 } from './classification/cifar10.js'
import { isImageFolder, readClassFolders } from './classification/class-folders.js'
import {
  cifar10Fingerprint,
  classFoldersFingerprint,
  type DataFingerprint,
} from './classification/dataset-fingerprint.js'
import { loadEmbedded } from './classification/embedded.js'
import { decodeClassFolders } from './classification/image-folder.js'
import type { ImageSet } from './classification/image-set.js'
import { splitTrainValidation } from './classification/split.js'
import { defaultDataDir } from './files/data-dir.js'
import { DatasetError } from './files/errors.js'
import { imageFormats } from './files/image-files.js'

/** COCO's annotations, masks and evaluation: what detection sets are made of. */
export * as coco from '#coco-ts'
export {
  type AnnotatedPart,
  type AnnotatedSet,
  type FormatName,
  formats,
} from './annotated/annotated-set.js'
export type { ReadOptions } from './annotated/read-options.js'
export { type Cifar10Options, cifar10Folder, loadCifar10, verifyCifar10 } from './classification/cifar10.js'
export type { PartName } from './classification/class-folders.js'
export { changeOfData, type DataFingerprint } from './classification/dataset-fingerprint.js'
export {
  type EmbeddedDataset,
  type EmbeddedOptions,
  embeddedClasses,
  loadEmbedded,
} from './classification/embedded.js'
export {
  type ImageFolder,
  type ImageFolderOptions,
  loadImageFolder,
  type UnreadableImage,
} from './classification/image-folder.js'
export type { ImageSet } from './classification/image-set.js'
export type { ImagePlace, ImageSource } from './classification/image-source.js'
export { splitTrainValidation } from './classification/split.js'
export { type Selection, selectCategories } from './detection/select-categories.js'
export { type Artist, artists } from './emoji/artists.js'
export { type Artwork, loadArtwork } from './emoji/artwork.js'
export { defaultDataDir } from './files/data-dir.js'
export { DatasetError } from './files/errors.js'
export type { FileFingerprint, FilesFingerprint } from './files/fingerprint.js'
export { findFormat, type OpenAnnotationsOptions, openAnnotations } from './formats/open.js'
export {
  type ImageMode,
  type WriteOptions,
  type WrittenFormat,
  writeAnnotations,
} from './formats/write.js'
export type { YoloOptions } from './formats/yolo/write.js'
export { hasImageSources, imageNetName, openImageSources } from './sources/open.js'
export { type MeasuredSources, openMeasuredSources } from './sources/open-measured.js'
export type { ImageSources, OpenOptions, OpenProgress } from './sources/opened.js'
export { splitSource } from './sources/split-source.js'
export type { CategoryCounts, PartCount } from './splitting/category-counts.js'
export { type HeldOutImages, type HoldOutImagesOptions, holdOutImages } from './splitting/hold-out-images.js'
export type { SplitOptions, SplitPart } from './splitting/split.js'
export { type SplitSet, splitAnnotated, writeSplit } from './splitting/split-annotated.js'

export interface LoadOptions {
  /** Of the validation split, and of the embedded data set's images. Default 0. */
  seed?: number
  /** Height and width in pixels, where the data leaves a choice: embedded (default 32), image folders (default 224). */
  size?: number
  /** Images to hold out of training for validation. Default 0: none. An image folder's own `val/` is used as it is. */
  validation?: number
  /** Where fetched data sets lie. Default: the variable TOOLKIT_DATA, or else `.data`. */
  dataDir?: string
}

export interface Dataset {
  /** `embedded`, `cifar10`, or the folder as given. */
  name: string
  train: ImageSet
  validation?: ImageSet
  test?: ImageSet
  classes: string[]
  /** What the user should see, such as images that could not be read. */
  warnings: string[]
  /** Of the files that it was read from; none of data that comes with the package. */
  fingerprint?: DataFingerprint
}

/**
 * Loads `embedded`, `cifar10` (looked for in `dataDir`), or a folder: one with CIFAR-10's binary files, or
 * with images as `train/<class>/*.jpg` or `<class>/*.jpg`.
 *
 * @throws DatasetError that says what is missing and how to get it.
 */
export async function loadDataset(nameOrFolder: string, options: LoadOptions = {}): Promise<Dataset> {
  const { seed = 0, size, validation = 0, dataDir = defaultDataDir() } = options
  if (nameOrFolder === 'embedded') {
    const { train, validation: held, test } = await loadEmbedded({ seed, size, validationCount: validation })
    return { name: 'embedded', train, validation: held, test, classes: train.classes, warnings: [] }
  }
  const found = await findDataset(nameOrFolder, dataDir)
  const choice = { seed, size, validation }
  return found.kind === 'cifar10'
    ? fromCifar10(nameOrFolder, found.folder, choice)
    : fromImageFolder(nameOrFolder, choice)
}

/** What a name or folder stands for, other than the embedded data set. */
async function findDataset(
  nameOrFolder: string,
  dataDir: string,
): Promise<{ kind: 'cifar10'; folder: string } | { kind: 'class folders' }> {
  if (nameOrFolder === 'cifar10') return { kind: 'cifar10', folder: await fetchedCifar10(dataDir) }
  if (!existsSync(nameOrFolder)) {
    throw new DatasetError(
      `There is no data set "${nameOrFolder}": it is neither "embedded" nor "cifar10" nor a folder that exists.`,
    )
  }
  return (await isImageFolder(nameOrFolder)) || (await bareClasses(nameOrFolder)) !== null
    ? { kind: 'class folders' }
    : { kind: 'cifar10', folder: await recognisedCifar10(nameOrFolder) }
}

/**
 * The fingerprint that `loadDataset` gives, and what it warns of, without decoding images.
 *
 * @throws DatasetError as `loadDataset` does for data that is missing or not laid out as it must be
 */
export async function surveyDataset(
  nameOrFolder: string,
  { dataDir = defaultDataDir() }: Pick<LoadOptions, 'dataDir'> = {},
): Promise<Pick<Dataset, 'fingerprint' | 'warnings'>> {
  if (nameOrFolder === 'embedded') return { warnings: [] }
  const found = await findDataset(nameOrFolder, dataDir)
  if (found.kind === 'cifar10') return { fingerprint: await cifar10Fingerprint(found.folder), warnings: [] }
  const layout = await readClassFolders(nameOrFolder)
  return { fingerprint: await classFoldersFingerprint(layout), warnings: layout.notes }
}

type Choice = { seed: number; size?: number; validation: number }

async function fetchedCifar10(dataDir: string): Promise<string> {
  if (!existsSync(join(dataDir, cifar10Folder))) {
    throw new DatasetError(
      `CIFAR-10 is not in "${dataDir}"; run "toolkit datasets fetch cifar10", or name the folder that holds it ` +
        'with --data DIR.',
    )
  }
  return findCifar10(dataDir)
}

async function recognisedCifar10(folder: string): Promise<string> {
  try {
    return await findCifar10(folder)
  } catch (error) {
    if (!(error instanceof DatasetError)) throw error
    const names = statSync(folder).isDirectory() ? readdirSync(folder) : [basename(folder)]
    // Only who has some of its files has CIFAR-10 in mind.
    if (names.some((name) => /^cifar-10|_batch.*\.bin/.test(name))) throw error
    throw new DatasetError(
      `"${folder}" is not a known data set: it needs <class>/*.jpg or train/<class>/*.jpg (${imageFormats}), tar shards or ` +
        `the files of ILSVRC or CIFAR-10 (docs/data.md)${names.length === 0 ? '; the folder is empty' : ''}.`,
    )
  }
}

async function fromCifar10(
  name: string,
  folder: string,
  { seed, size, validation }: Choice,
): Promise<Dataset> {
  if (size !== undefined && size !== 32)
    throw new DatasetError(`CIFAR-10's images are 32 × 32 pixels; size ${size} is not possible.`)
  const { train, test } = await loadCifar10(folder)
  const parts = validation > 0 ? splitTrainValidation(train, { validation, seed }) : { train }
  const fingerprint = await cifar10Fingerprint(folder)
  return { name, ...parts, test, classes: train.classes, warnings: [], fingerprint }
}

async function fromImageFolder(folder: string, { seed, size = 224, validation }: Choice): Promise<Dataset> {
  const layout = await readClassFolders(folder)
  const { unreadable, notes, ...parts } = await decodeClassFolders(folder, layout, { size })
  const warnings = [...notes]
  if (unreadable.length > 0) {
    const shown = unreadable.slice(0, 3).map(({ path, reason }) => `${path} (${reason.split('\n')[0]})`)
    warnings.push(
      `${unreadable.length} ${unreadable.length === 1 ? 'image' : 'images'} in "${folder}" could not be read and ` +
        `${unreadable.length === 1 ? 'is' : 'are'} left out: ${shown.join(', ')}${unreadable.length > 3 ? ', …' : ''}.`,
    )
  }
  const split =
    validation > 0 && parts.validation === undefined
      ? splitTrainValidation(parts.train, { validation, seed })
      : undefined
  const fingerprint = await classFoldersFingerprint(layout)
  return { name: folder, ...parts, ...split, classes: parts.train.classes, warnings, fingerprint }
}
