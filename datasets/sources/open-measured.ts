/** Opens images to measure a model on, where there are no training images that would say which classes there are. */
import { existsSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { type PartName, partOfFolder, readMeasuredParts } from '../classification/class-folders.js'
import { lackingClasses } from '../classification/class-notes.js'
import type { ImageSource } from '../classification/image-source.js'
import { imageNetClasses, sameClasses } from '../classification/imagenet-classes.js'
import { DatasetError } from '../files/errors.js'
import { entriesOf, fileTree, isImageName } from '../files/image-files.js'
import { listed } from '../files/left-out.js'
import { fileSource } from './file-source.js'
import { folderOfParts } from './folders.js'
import { indexTarOfImages } from './ilsvrc-index.js'
import { flatValidation, tarValidation } from './ilsvrc-validation.js'
import { indexTars } from './index-tars.js'
import { type OpenOptions, type OpenSettings, partNames, withDefaults } from './opened.js'
import { type ShardFile, shardsInFolder } from './shard-files.js'
import { indexShard } from './shard-index.js'
import { tarSource } from './tar-source.js'
import { validationNumber } from './validation-labels.js'

export type MeasuredSources = Partial<Record<PartName, ImageSource>> & {
  classes: string[]
  /** What the user should see, such as classes without images. */
  warnings: string[]
}

const VALIDATION_TAR = 'ILSVRC2012_img_val.tar'

/**
 * Opens images without a train part: a folder with val/ or test/ alone, class folders that lie in `place` itself, shards of
 * validation or test alone, ILSVRC's validation images in one folder or in their tar.
 *
 * @param classes Those of the model; where they are ImageNet's, folders are named by synsets
 * @returns null for data with a train part, and for what is no images at all
 * @throws DatasetError for images of other classes, of no class, or in a damaged tar
 */
export async function openMeasuredSources(
  place: string,
  classes: readonly string[],
  options: OpenOptions = {},
): Promise<MeasuredSources | null> {
  if (!existsSync(place)) return null
  const settings = withDefaults(options)
  if (basename(place) === VALIDATION_TAR) return openValidationTar(place, place, classes, settings)
  if (!statSync(place).isDirectory() || (await folderOfParts(place)) !== null) return null
  const tar = join(place, VALIDATION_TAR)
  if (existsSync(tar)) return openValidationTar(place, tar, classes, settings)
  const shards = await shardsInFolder(place)
  if (shards !== null)
    return shards.parts.train === undefined ? openShardParts(place, shards.parts, classes, settings) : null
  const { folders, files } = await entriesOf(place)
  const names = folders.map(({ name }) => name)
  if (names.some((name) => partOfFolder(name) !== undefined)) return openParts(place, names, classes)
  const images = files.filter(isImageName)
  if (images.length > 0 && validationNumber(images[0]) !== null)
    return withNotes(classes, (own) =>
      flatValidation({ name: place, place, images, classes: own }, [place, dirname(place)]),
    )
  return names.length === 0 ? null : openClassesIn(place, names, classes)
}

/** The classes as folders name them. */
function namedAs(classes: readonly string[], folders: readonly string[]): string[] {
  const { synsets } = imageNetClasses()
  const isImageNet = sameClasses(classes, synsets) && folders.some((name) => synsets.includes(name))
  return isImageNet ? [...synsets] : [...classes]
}

async function withNotes(
  classes: readonly string[],
  open: (classes: string[]) => Promise<{ source: ImageSource; notes: string[] }>,
): Promise<MeasuredSources> {
  const { synsets } = imageNetClasses()
  const own = namedAs(classes, synsets)
  const { source, notes } = await open(own)
  return { validation: source, classes: own, warnings: [...notes, ...lackingClasses(source.name, source)] }
}

function openValidationTar(
  title: string,
  path: string,
  classes: readonly string[],
  settings: OpenSettings,
): Promise<MeasuredSources> {
  return withNotes(classes, async (own) => {
    const [index] = await indexTars([{ path, kind: 'images', index: indexTarOfImages }], settings)
    return tarValidation({ name: title, path, index, classes: own }, [dirname(path)])
  })
}

async function openShardParts(
  title: string,
  parts: Partial<Record<PartName, ShardFile[]>>,
  classes: readonly string[],
  settings: OpenSettings,
): Promise<MeasuredSources> {
  const own = namedAs(classes, imageNetClasses().synsets)
  const opened: MeasuredSources = { classes: own, warnings: [] }
  for (const part of partNames) {
    const shards = parts[part]
    if (shards === undefined) continue
    const tars = shards.map(({ path }) => ({ path, kind: 'webdataset', index: indexShard }))
    const indexes = await indexTars(tars, settings)
    const runs = indexes.flatMap((index, i) =>
      index.parts.map(({ images }) => ({ path: shards[i].path, images })),
    )
    const source = tarSource(`${title} ${part}`, own, runs)
    const beyond = source.labels.findIndex((label) => label >= own.length)
    if (beyond >= 0)
      throw new DatasetError(
        `The label of ${source.place(beyond).title} is ${source.labels[beyond]}, but the model has ${own.length} classes; ` +
          'labels count from 0.',
      )
    opened[part] = source
    opened.warnings.push(
      ...indexes.flatMap(({ notes }) => notes),
      ...lackingClasses(`The ${part} part of "${title}"`, source),
    )
  }
  return opened
}

/** A folder with val/ or test/ alone. */
async function openParts(
  folder: string,
  names: readonly string[],
  classes: readonly string[],
): Promise<MeasuredSources> {
  const inParts = await Promise.all(
    names.filter((name) => partOfFolder(name) !== undefined).map((name) => entriesOf(join(folder, name))),
  )
  const own = namedAs(
    classes,
    inParts.flatMap(({ folders }) => folders.map(({ name }) => name)),
  )
  const unknown = [...new Set(inParts.flatMap(({ folders }) => folders.map(({ name }) => name)))].filter(
    (name) => !own.includes(name),
  )
  if (unknown.length > 0) throw otherClasses(folder, unknown)
  const { parts, flat, notes } = await readMeasuredParts(folder, own, { flat: ['validation'] })
  const opened: MeasuredSources = { classes: own, warnings: [...notes] }
  for (const [part, { place, files }] of Object.entries(parts) as [PartName, (typeof parts)['test'] & {}][])
    opened[part] = fileSource(`${folder} ${part}`, place, own, files)
  if (flat.validation === undefined) return opened
  const known = await withNotes(classes, (synsets) =>
    flatValidation({ name: `${folder} validation`, ...flat.validation!, classes: synsets }, [
      folder,
      flat.validation!.place,
    ]),
  )
  return { ...opened, ...known, warnings: [...opened.warnings, ...known.warnings] }
}

/** Folders of classes, without a part around them. */
async function openClassesIn(
  folder: string,
  names: readonly string[],
  classes: readonly string[],
): Promise<MeasuredSources | null> {
  const own = namedAs(classes, names)
  const unknown = names.filter((name) => !own.includes(name))
  // Nothing that the model knows: this may be a data set of another kind.
  if (unknown.length === names.length) return null
  if (unknown.length > 0) throw otherClasses(folder, unknown)
  const files: { name: string; classId: number }[] = []
  for (const name of names) {
    const tree = await fileTree(join(folder, name))
    for (const image of tree.files.filter(isImageName))
      files.push({ name: `${name}/${image}`, classId: own.indexOf(name) })
  }
  if (files.length === 0)
    throw new DatasetError(`The class folders in "${folder}" have no images; put some into them.`)
  const source = fileSource(folder, folder, own, files)
  return { test: source, classes: own, warnings: lackingClasses(`"${folder}"`, source) }
}

const otherClasses = (folder: string, unknown: readonly string[]): DatasetError =>
  new DatasetError(
    `"${folder}" has folders of classes that the model does not know: ${listed(unknown.map((name) => `"${name}"`))}; ` +
      'move them elsewhere, or rename them as the model names its classes.',
  )
