/** The images of a new detector's run: annotations of any format become COCO files in the run's folder. */
import { join } from 'node:path'
import type { Dataset } from '#coco-ts'
import type { AnnotatedSet } from '../../../datasets/annotated/annotated-set.js'
import { alignCategories } from '../../../datasets/detection/align-categories.js'
import { selectCategories } from '../../../datasets/detection/select-categories.js'
import {
  type HeldOut,
  holdOut,
  measuredPart,
  trainingParts,
} from '../../../datasets/splitting/training-parts.js'
import { UserError } from '../../shared/errors.js'
import type { AnnotatedImages, DetectionDataConfig, DetectorRunConfig } from '../../train/detection/config.js'
import { cocoCopies } from '../shared/coco-copies.js'
import { isPlainCoco, openPlace, withProgress } from '../shared/open-annotations.js'
import type { FinetuneFlags } from './detector-flags.js'

/** Where the annotations lie in the folder of a run. */
export const ANNOTATIONS = 'annotations'

type CocoData = Extract<DetectionDataConfig, { kind: 'coco' }>
type DataFlags = Pick<FinetuneFlags, 'categories' | 'format' | 'valFraction'>

export interface RunData {
  /** To load from, before there is a run. */
  data: DetectionDataConfig
  /** What the user should know, in a sentence each. */
  notes: string[]
  /** The data as the config of the run in `folder` names it. */
  placedIn(folder: string): DetectionDataConfig
  /** Writes the annotations into the run's folder of {@link ANNOTATIONS}; undefined: the run has none of its own. */
  write: ((folder: string) => Promise<void>) | undefined
  /** A text or errors, in which temporary files are called as what they come from. */
  retold(text: string): string
  retelling<T>(work: () => Promise<T>): Promise<T>
  remove(): Promise<void>
}

/** Data that is used as the config names it. */
export const asNamed = (data: DetectionDataConfig, notes: string[] = []): RunData => ({
  ...{ data, notes, placedIn: () => data, write: undefined },
  ...{ retold: (text) => text, retelling: (work) => work(), remove: async () => {} },
})

/**
 * The data of a new run. A COCO file is used where it lies, unless categories are chosen or images are held out.
 *
 * @throws UserError or DatasetError for annotations that cannot be used; nothing is left behind
 */
export async function dataOfNewRun(config: DetectorRunConfig, flags: DataFlags): Promise<RunData> {
  const { data } = config
  if (data.kind === 'embedded') {
    if ((flags.categories ?? flags.format ?? flags.valFraction) !== undefined)
      throw new UserError(
        'The embedded scenes have their own categories and validation scenes: leave out --categories, --format and --val-fraction',
      )
    return asNamed(data)
  }
  if (data.validation !== null && flags.valFraction)
    throw new UserError('There are validation images already: leave out --val-fraction')
  const holds = data.validation === null && flags.valFraction !== 0
  const isPlain = isAsItIs(data, flags)
  if (isPlain && !holds) return asNamed(data)
  const { train, validation, notes } = await partsOf(config, data, flags)
  if (isPlain && validation === null) return asNamed(data, notes)
  const copies = await cocoCopies()
  try {
    const placed = async (name: string, part: Part): Promise<AnnotatedImages> => ({
      images: part.root,
      annotations: await copies.add(name, part.dataset, part.from),
    })
    const loaded: CocoData = {
      ...data,
      train: await placed('train', train),
      validation: validation && (await placed('val', validation)),
    }
    return {
      ...copies,
      data: loaded,
      notes,
      placedIn: (folder) => ({
        ...loaded,
        train: { ...loaded.train, annotations: join(folder, ANNOTATIONS, 'train.json') },
        validation: loaded.validation && {
          ...loaded.validation,
          annotations: join(folder, ANNOTATIONS, 'val.json'),
        },
      }),
      write: copies.copyTo,
    }
  } catch (error) {
    await copies.remove()
    throw error
  }
}

const isAsItIs = ({ train, validation }: CocoData, { categories, format }: DataFlags): boolean =>
  categories === undefined &&
  (format === undefined || format === 'coco') &&
  isPlainCoco(train) &&
  (validation === null || isPlainCoco(validation))

interface Part {
  dataset: Dataset
  /** Folder that the names of the images begin at. */
  root: string
  /** Where the annotations come from, for messages. */
  from: string
}

async function partsOf(
  { seed, batchSize, accumulate }: DetectorRunConfig,
  data: CocoData,
  flags: DataFlags,
): Promise<{ train: Part; validation: Part | null; notes: string[] }> {
  const { annotations: from } = data.train
  const set = await open(data.train, flags)
  const own = trainingParts(set, from)
  const notes = [...set.warnings, ...own.notes]
  const chosen = (dataset: Dataset): Dataset => {
    if (flags.categories === undefined) return dataset
    const selection = selectCategories(dataset, flags.categories)
    notes.push(...selection.notes)
    return selection.dataset
  }
  const place = { root: set.root, from }
  const all = limited(chosen(own.train.dataset), data.limit)
  if (data.validation !== null) {
    const measured = await open(data.validation, flags)
    const part = measuredPart(measured, data.validation.annotations)
    const others = flags.categories === undefined ? 'refuse' : 'leave out'
    const dataset = alignCategories(part.dataset, all.categories, {
      ...{ from: data.validation.annotations, others },
    })
    notes.push(...measured.warnings)
    const validation = { dataset, root: measured.root, from: data.validation.annotations }
    return { train: { ...place, dataset: all }, validation, notes }
  }
  if (own.validation !== null) {
    if (flags.valFraction)
      throw new UserError(`${from} has validation images of its own: leave out --val-fraction`)
    const validation = { ...place, dataset: chosen(own.validation.dataset) }
    return { train: { ...place, dataset: all }, validation, notes: [...new Set(notes)] }
  }
  const held = await withProgress(
    'images compared',
    (onProgress): Promise<HeldOut> =>
      holdOut(
        set,
        { dataset: all },
        {
          ...{ fraction: flags.valFraction, seed, leastTrain: batchSize * accumulate, onProgress },
        },
      ),
  )
  return {
    train: { ...place, dataset: held.train },
    validation: held.validation && { ...place, dataset: held.validation },
    notes: [...notes, ...held.notes],
  }
}

/** A plain COCO file is one whatever its name ends with. */
const open = (from: AnnotatedImages, { format }: DataFlags): Promise<AnnotatedSet> =>
  openPlace(from, format ?? (isPlainCoco(from) ? 'coco' : undefined))

/** The first images alone. */
function limited(dataset: Dataset, limit: number | null): Dataset {
  if (limit === null || limit >= dataset.images.length) return dataset
  const images = dataset.images.slice(0, limit)
  const ids = new Set(images.map(({ id }) => id))
  return { ...dataset, images, annotations: dataset.annotations.filter(({ image_id }) => ids.has(image_id)) }
}
