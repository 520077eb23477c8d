/** Loads the data of a run, and compares it with the data that the run started with. */
import { sameClasses } from '../../../datasets/classification/imagenet-classes.js'
import {
  changeOfData,
  type Dataset,
  hasImageSources,
  holdOutImages,
  loadDataset,
  type OpenOptions,
  openImageSources,
  type PartName,
  splitSource,
} from '../../../datasets/index.js'
import { UserError } from '../../shared/errors.js'
import { listed } from '../../shared/text.js'
import type { ImageConfig, TrainingConfig } from '../settings/config.js'
import { changedData, changedNote, fetchedFolder, refuseMoved, shownName, withPlace } from './data-place.js'
import { sideOf, type TrainingImages } from './training-images.js'

export interface LoadDataOptions {
  /** Called with a sentence when the data has changed since the run started; without it, changed data is refused. */
  onChange?: (text: string) => void
  /** The parts that are compared. Default: those that training and its evaluations use. */
  parts?: readonly PartName[]
}

/**
 * Loads the data set of a config.
 *
 * @throws DatasetError when it is missing or damaged, UserError when it is not the one that the run started with
 */
export async function loadData(
  { data, seed }: Pick<ImageConfig, 'data'> & Pick<TrainingConfig, 'seed'>,
  { onChange, parts }: LoadDataOptions = {},
): Promise<Dataset> {
  refuseMoved(data)
  const dataset = await loadDataset(data.name, {
    seed,
    size: data.imageSize ?? undefined,
    validation: data.validation,
    dataDir: fetchedFolder(data) ?? undefined,
  })
  refuseChanged(data, dataset, { onChange, parts })
  return dataset
}

/** A data set of which not all images need to be in memory. */
export interface OpenDataset extends Pick<Dataset, 'name' | 'classes' | 'warnings' | 'fingerprint'> {
  train: TrainingImages
  /** Null: there are none. */
  validation: TrainingImages | null
  /** The share of the training images that was held out; missing where the config asks for no share. */
  validationFraction?: number
}

export interface OpenDataOptions extends Pick<OpenOptions, 'onProgress' | 'signal'> {
  /** Called while images are compared, so that near-duplicates stay on one side. */
  onCompared?: (done: number, count: number) => void
}

/**
 * Opens the data set of a config for training. Images of folders and shards are not read yet; CIFAR-10 and the embedded
 * data set are loaded.
 *
 * @throws as {@link loadData}, and UserError for images of fewer than two classes
 */
export async function openData(
  config: Pick<ImageConfig, 'data'> & Pick<TrainingConfig, 'seed'>,
  { onCompared, ...options }: OpenDataOptions = {},
): Promise<OpenDataset> {
  const { data, seed } = config
  refuseMoved(data)
  const dataDir = fetchedFolder(data) ?? undefined
  if (!(await hasImageSources(data.name, { dataDir }))) {
    if (data.validationFraction)
      throw new UserError(
        `A share is held out of folders and shards of images; of ${data.name} hold images out by their number: --validation`,
      )
    const dataset = await loadData(config)
    return { ...dataset, validation: dataset.validation ?? null }
  }
  const { train, validation, ...rest } = await openImageSources(data.name, { dataDir, ...options })
  refuseOneClass(data.name, rest.classes)
  refuseChanged(data, rest)
  const { name, validationFraction } = data
  if (validationFraction !== undefined) {
    if (validation !== undefined) {
      if (validationFraction)
        throw new UserError(`${name} has validation images of its own: leave out --val-fraction`)
      return { ...rest, name, train, validation, validationFraction: 0 }
    }
    const { notes, fraction, ...parts } = await holdOutImages(train, {
      ...{ fraction: validationFraction, seed, onProgress: onCompared },
    })
    return { ...rest, name, ...parts, warnings: [...rest.warnings, ...notes], validationFraction: fraction }
  }
  if (validation !== undefined || data.validation === 0)
    return { ...rest, name, train, validation: validation ?? null }
  return { ...rest, name, ...splitSource(train, { validation: data.validation, seed }) }
}

function refuseOneClass(name: string, classes: readonly string[]): void {
  if (classes.length < 2)
    throw new UserError(
      `${name} has images of one class alone, "${classes[0]}"; a classifier needs two classes or more, each a folder of its images`,
    )
}

/** Throws a `UserError` when the data is not what a run started with, unless `onChange` is told of it. */
function refuseChanged(
  data: ImageConfig['data'],
  { classes, fingerprint }: Pick<Dataset, 'classes' | 'fingerprint'>,
  { onChange, parts }: LoadDataOptions = {},
): void {
  const change = data.fingerprint && fingerprint ? changeOfData(data.fingerprint, fingerprint, parts) : null
  if (change !== null && onChange === undefined) throw changedData(data, change)
  if (change !== null) onChange?.(changedNote(shownName(data), change))
  if (data.classes !== null && !sameClasses(data.classes, classes))
    throw new UserError(
      `${data.name} has the classes ${listed(classes)}, but the run started with ${listed(data.classes)}`,
    )
}

/**
 * The config with a record of its data: the classes and the image size, so that a model can be exported without the
 * data; the absolute path and the fingerprint, so that a resumed run finds the data and recognises it; the share of images held out.
 */
export function noteData<C extends Pick<ImageConfig, 'data'>>(
  config: C,
  {
    train,
    classes,
    fingerprint,
    validationFraction,
  }: Pick<OpenDataset, 'train' | 'classes' | 'fingerprint' | 'validationFraction'>,
): C {
  const side = sideOf(train, config.data)
  return {
    ...config,
    data: {
      ...withPlace(config.data, fingerprint),
      ...(validationFraction !== undefined && { validationFraction }),
      ...{ classes, imageSize: side },
    },
  }
}
