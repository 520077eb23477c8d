/** Class folders, and ILSVRC as it is distributed: its parts may be class folders, one folder of images, or tar files. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import {
  type ClassFolders,
  isImageFolder,
  type PartName,
  type ReadOptions,
  readClassFolders,
  readMeasuredParts,
} from '../classification/class-folders.js'
import { lackingClasses } from '../classification/class-notes.js'
import { classPartsFingerprint, type DataFingerprint } from '../classification/dataset-fingerprint.js'
import type { ImageSource } from '../classification/image-source.js'
import { fingerprintOfSizes } from '../files/file-sizes.js'
import { fileSource } from './file-source.js'
import { indexTarOfClasses, indexTarOfImages } from './ilsvrc-index.js'
import { flatValidation, tarValidation } from './ilsvrc-validation.js'
import { indexTars } from './index-tars.js'
import type { ImageSources, OpenSettings } from './opened.js'
import { tarSource } from './tar-source.js'
import { validationNumber } from './validation-labels.js'

const TRAIN_TAR = 'ILSVRC2012_img_train.tar'
const VALIDATION_TAR = 'ILSVRC2012_img_val.tar'

/** Where Kaggle's archive has the images. */
const nested = ['', join('ILSVRC', 'Data', 'CLS-LOC'), join('Data', 'CLS-LOC')]

/** The folder of the parts: `folder` itself, or one deep in it as in Kaggle's archive; null: there is none. */
export async function folderOfParts(folder: string): Promise<string | null> {
  for (const inside of nested) {
    const place = join(folder, inside)
    if (existsSync(join(place, TRAIN_TAR)) || (await isImageFolder(place))) return place
  }
  return null
}

/**
 * Opens what lies in `place`, which `folderOfParts` has found in `folder`, or class folders there that are no parts. Class
 * folders of train go before its tar.
 *
 * @param title Of the data set, for people
 * @throws DatasetError as `readClassFolders` does, for a damaged tar, and for validation images without labels
 */
export async function openFolders(
  title: string,
  folder: string,
  place: string,
  settings: OpenSettings,
): Promise<ImageSources> {
  const isTar = existsSync(join(place, TRAIN_TAR)) && !(await isImageFolder(place))
  const opened = isTar
    ? await openTrainTar(title, place, settings)
    : await openClassFolders(title, place, settings)
  const {
    flat: { validation: flat },
    ...sources
  } = opened
  if (sources.validation !== undefined) return sources
  const name = `${title} validation`
  const labelFolders = [...new Set([folder, place, ...(flat === undefined ? [] : [flat.place])])]
  const add = async (
    { source, notes }: Awaited<ReturnType<typeof flatValidation>>,
    files: { name: string; path: string }[],
  ): Promise<ImageSources> => ({
    ...sources,
    validation: source,
    fingerprint: { ...sources.fingerprint, validation: await fingerprintOfSizes(files) },
    warnings: [...sources.warnings, ...notes, ...lackingClasses(`The validation part of "${title}"`, source)],
  })
  const { classes } = sources
  if (flat !== undefined) {
    const files = flat.images.map((image) => ({ name: image, path: join(flat.place, image) }))
    return add(await flatValidation({ name, ...flat, classes }, labelFolders), files)
  }
  const path = join(place, VALIDATION_TAR)
  if (!existsSync(path)) return sources
  const [index] = await indexTars([{ path, kind: 'images', index: indexTarOfImages }], settings)
  return add(await tarValidation({ name, path, index, classes }, labelFolders), [
    { name: VALIDATION_TAR, path },
  ])
}

/** What lies in folders, and of tars only train; validation images without class folders have no labels yet. */
type OpenedFolders = ImageSources & { flat: ClassFolders['flat'] }

async function openClassFolders(
  title: string,
  place: string,
  settings: OpenSettings,
): Promise<OpenedFolders> {
  const { classes, notes, parts, flat } = await withFlat((options) => readClassFolders(place, options))
  const { train, fingerprint, ...others } = await openParts(title, classes, parts, settings)
  return {
    ...others,
    train: train!,
    classes,
    fingerprint: { ...fingerprint, train: fingerprint.train! },
    warnings: notes,
    flat,
  }
}

async function openTrainTar(title: string, place: string, settings: OpenSettings): Promise<OpenedFolders> {
  const path = join(place, TRAIN_TAR)
  const [index] = await indexTars([{ path, kind: 'classes', index: indexTarOfClasses }], settings)
  const classes = index.parts.map(({ name }) => name).sort()
  const runs = index.parts.map(({ images }) => ({ path, images }))
  const { parts, notes, flat } = await withFlat((options) => readMeasuredParts(place, classes, options))
  const { fingerprint, ...opened } = await openParts(title, classes, parts, settings)
  const train = await fingerprintOfSizes([{ name: TRAIN_TAR, path }])
  return {
    ...opened,
    train: tarSource(`${title} train`, classes, runs),
    classes,
    fingerprint: { ...fingerprint, train },
    warnings: [...index.notes, ...notes],
    flat,
  }
}

/** Reads a layout in which validation images may lie beside each other, if they are ILSVRC's, for which labels can be had. */
async function withFlat<T extends Pick<ClassFolders, 'flat'>>(
  read: (options: ReadOptions) => Promise<T>,
): Promise<T> {
  const layout = await read({ flat: ['validation'] })
  const { validation } = layout.flat
  return validation === undefined || validationNumber(validation.images[0]) !== null ? layout : read({})
}

async function openParts(
  title: string,
  classes: string[],
  parts: Partial<ClassFolders['parts']>,
  { onProgress, signal }: OpenSettings,
): Promise<Partial<Record<PartName, ImageSource>> & { fingerprint: Partial<DataFingerprint> }> {
  const total = Object.values(parts).reduce((sum, { files }) => sum + files.length, 0)
  let done = 0
  const onFile = (): void => {
    signal?.throwIfAborted()
    done++
    onProgress?.({ unit: 'files', done, total })
  }
  const sources = Object.entries(parts).map(([part, { place, files }]) => [
    part,
    fileSource(`${title} ${part}`, place, classes, files),
  ])
  return { ...Object.fromEntries(sources), fingerprint: await classPartsFingerprint(parts, onFile) }
}
