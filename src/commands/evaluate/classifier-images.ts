/** The labelled images that a classifier is evaluated on. */
import { join } from 'node:path'
import type { ImageSource } from '../../../datasets/classification/image-source.js'
import { sameClasses } from '../../../datasets/classification/imagenet-classes.js'
import { selectImages } from '../../../datasets/classification/split.js'
import {
  changeOfData,
  type DataFingerprint,
  defaultDataDir,
  hasImageSources,
  holdOutImages,
  type ImageSet,
  imageNetName,
  loadDataset,
  type OpenProgress,
  openImageSources,
  openMeasuredSources,
  type PartName,
  splitSource,
} from '../../../datasets/index.js'
import { decodeAhead, type UnreadablePlace } from '../../../datasets/sources/decode-ahead.js'
import { partNames } from '../../../datasets/sources/opened.js'
import { selectFromSource } from '../../../datasets/sources/split-source.js'
import type { Preprocessing } from '../../shared/classifier-input.js'
import { UserError } from '../../shared/errors.js'
import { listed } from '../../shared/text.js'
import type { ImageBatches } from '../../train/classification/evaluate.js'
import { changedNote } from '../../train/images/data-place.js'

/** What the run or the model's card says of the images. */
export interface Wanted {
  /** The path of the run or model, for messages. */
  subject: string
  /** Name or folder of the data set. */
  data: string
  dataDir?: string
  /** Whether it is the data that the model was trained on. */
  own: boolean
  /** Training images that the run held out for validation. */
  validation: number
  /** Or the share that it held out. */
  validationFraction?: number | null
  seed?: number
  /** Of the data that the run began with, where that data is evaluated on. */
  fingerprint?: DataFingerprint
  classes: readonly string[]
  size: number
  preprocessing: Preprocessing
}

export interface Choice {
  /** Default: `test`, or `validation` where there are no test images; of tar files that name no part, all. */
  split?: PartName
  /** Only so many images, spread evenly. */
  limit?: number
  /** Called while tar files are listed. */
  onOpening?: (progress: OpenProgress) => void
  signal?: AbortSignal
  /** Called for each image of a folder that cannot be decoded; without it, evaluation stops there. */
  onUnreadable?: (image: UnreadablePlace) => void
}

export interface ClassifierImages {
  name: string
  split: PartName
  classes: string[]
  count: number
  images: ImageSet | ImageBatches
  /** What the user should see, in a sentence each. */
  notes: string[]
}

/**
 * Opens the images. Those of folders are decoded as they are used; other data sets are held in memory.
 *
 * @throws DatasetError or UserError for data that is missing, is not laid out as it must be, or has other classes
 */
export async function openImages(wanted: Wanted, choice: Choice): Promise<ClassifierImages> {
  const parts = (await openParts(wanted, choice)) ?? (await loadParts(wanted))
  const split = choice.split ?? usualPart(parts)
  const part = parts[split]
  if (part === undefined)
    throw new UserError(
      `${wanted.data} has no ${split} images; choose another part with --split: ${partNames.filter((name) => parts[name] !== undefined).join(' or ')}`,
    )
  const { name, classes } = part
  if (!sameClasses(wanted.classes, classes))
    throw new UserError(
      `${wanted.subject} knows the classes ${listed(wanted.classes)}, but ${wanted.data} has ${listed(classes)}`,
    )
  const notes = [...parts.notes]
  const before = wanted.fingerprint
  const now = parts.fingerprint
  if (before && now) {
    const measured = split === 'validation' && before.validation === undefined ? 'train' : split
    const change = changeOfData(before, now, [measured])
    if (change !== null) notes.push(changedNote(wanted.data, change))
  }
  const chosen = spread(part.count, choice.limit)
  const count = chosen?.length ?? part.count
  if ('pixels' in part) {
    const images = chosen === null ? part : selectImages(part, chosen, name)
    return { name, split, classes, count, images, notes }
  }
  const { size, preprocessing } = wanted
  const source = chosen === null ? part : selectFromSource(part, chosen, name)
  const batches = (batchSize: number) =>
    decodeAhead(source, { batchSize, size, preprocessing, onUnreadable: choice.onUnreadable })
  return { name, split, classes, count, images: { classes, batches }, notes }
}

/** The parts of a data set, in memory or not, what the user should see of them, and their fingerprint. */
type Parts = Partial<Record<PartName, ImageSet | ImageSource>> & {
  notes: string[]
  fingerprint?: DataFingerprint
}

/** Images that are decoded as they are used; null for data that is held in memory. */
async function openParts(
  { data, dataDir = defaultDataDir(), own, validation, validationFraction, seed = 0, classes }: Wanted,
  { onOpening: onProgress, signal }: Choice,
): Promise<Parts | null> {
  const options = { dataDir, onProgress, signal }
  const place = data === imageNetName ? join(dataDir, imageNetName) : data
  // Class folders that lie there without a part around them were trained on.
  const isSplit = own && validationFraction != null && (await hasImageSources(data, options))
  const measured = isSplit ? null : await openMeasuredSources(place, classes, options)
  if (measured !== null) return { ...measured, notes: measured.warnings }
  if (!(await hasImageSources(data, options))) return null
  const { warnings, ...sources } = await openImageSources(data, options)
  const held =
    sources.validation !== undefined
      ? {}
      : isSplit
        ? await heldOut(sources.train, { fraction: validationFraction, seed })
        : validation > 0 && splitSource(sources.train, { validation, seed })
  return { ...sources, ...held, notes: warnings }
}

async function heldOut(source: ImageSource, options: { fraction: number; seed: number }) {
  const { train, validation } = await holdOutImages(source, options)
  return { train, validation: validation ?? undefined }
}

async function loadParts({ data, size, validation, seed, dataDir }: Wanted): Promise<Parts> {
  const { warnings, ...dataset } = await loadDataset(data, { size, validation, seed, dataDir })
  return { ...dataset, notes: warnings }
}

function usualPart({ train, validation, test }: Parts): PartName {
  if (test !== undefined) return 'test'
  if (validation !== undefined) return 'validation'
  const isTar = train !== undefined && 'place' in train && train.place(0).bytes !== null
  return isTar ? 'train' : 'test'
}

/** Indices of `limit` of `count` images; null: all. Sets lie class by class, so the first ones would be of few classes. */
function spread(count: number, limit = Number.POSITIVE_INFINITY): Uint32Array | null {
  return limit >= count
    ? null
    : Uint32Array.from({ length: limit }, (_, i) => Math.floor((i * count) / limit))
}
