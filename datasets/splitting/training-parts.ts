/** Which images of a set are trained on, and which are kept to measure on. */
import type { Dataset } from '#coco-ts'
import { type AnnotatedPart, type AnnotatedSet, WHOLE } from '../annotated/annotated-set.js'
import { DatasetError } from '../files/errors.js'
import { count, listed } from '../files/left-out.js'
import { FARTHEST } from './near-duplicates.js'
import type { SplitOptions } from './split.js'
import { splitAnnotated } from './split-annotated.js'

/** Images of a set from which on some are held out without being asked for. */
const LEAST_IMAGES = 10
/** The share that is held out then, and so many images at most: they are measured on again and again. */
const SHARE = 0.2
const MOST_IMAGES = 1000
/** Images that are compared to find near-duplicates: some half a minute. */
const MOST_COMPARED = 5000

export interface HoldOutOptions extends Pick<SplitOptions, 'seed' | 'onProgress'> {
  /** Share of the images; undefined: it is chosen, and nothing is held out of a set that is too small for it. */
  fraction: number | undefined
  /** Images that must be left to train on, where the share is chosen. */
  leastTrain: number
}

export interface HeldOut {
  train: Dataset
  /** null: none are held out. */
  validation: Dataset | null
  /** What was done, in a sentence each; for the user to see. */
  notes: string[]
}

/** The parts of a set that are made for training and validation, by their names. */
export function trainingParts(
  { parts }: AnnotatedSet,
  from: string,
): { train: AnnotatedPart; validation: AnnotatedPart | null; notes: string[] } {
  if (parts.length === 1) return { train: parts[0], validation: null, notes: [] }
  const part = (name: string): AnnotatedPart | undefined => parts.find((one) => one.name === name)
  const train = part('train') ?? part('trainval') ?? part(WHOLE)
  if (train === undefined)
    throw new DatasetError(
      `"${from}" has no part to train on: it has ${parts.map(describe).join(' and ')}; name the training images themselves.`,
    )
  // The images of train and val are in trainval, too.
  const validation = train.name === 'trainval' ? undefined : part('val')
  const others = parts.filter(({ name }) => ![train.name, 'val', 'trainval'].includes(name))
  return {
    train,
    validation: validation ?? null,
    notes:
      others.length === 0
        ? []
        : [`"${from}" has further images, which are not used: ${others.map(describe).join(' and ')}.`],
  }
}

/**
 * The part of a set that is made for measuring: `val`, `test`, or the only one.
 *
 * @throws DatasetError where there are several and none is called so
 */
export function measuredPart({ parts }: AnnotatedSet, from: string): AnnotatedPart {
  const found = ['val', 'test'].flatMap((name) => parts.find((part) => part.name === name) ?? [])[0]
  if (found !== undefined) return found
  if (parts.length === 1) return parts[0]
  throw new DatasetError(
    `"${from}" has no part val or test to measure on: it has ${parts.map(describe).join(' and ')}.`,
  )
}

const describe = ({ name, dataset }: AnnotatedPart): string =>
  `${name} (${count(dataset.images.length, 'image')})`

/**
 * Holds images out for validation: stratified by category, near-duplicates on one side. Equal images and seeds give equal
 * parts.
 *
 * @throws DatasetError when a fraction is given that cannot be held out
 */
export async function holdOut(
  set: Pick<AnnotatedSet, 'root'>,
  part: Pick<AnnotatedPart, 'dataset'>,
  { fraction, leastTrain, seed, onProgress }: HoldOutOptions,
): Promise<HeldOut> {
  const { dataset } = part
  const total = dataset.images.length
  const none = (...notes: string[]): HeldOut => ({ train: dataset, validation: null, notes })
  const share = fraction ?? Math.min(SHARE, MOST_IMAGES / total)
  const chosen = fraction === undefined
  if (share === 0 || (chosen && total < LEAST_IMAGES)) return none()
  const isCompared = total <= MOST_COMPARED
  const options: SplitOptions = {
    ...{ val: share, test: 0, seed, onProgress, nearDuplicates: isCompared ? FARTHEST : null },
  }
  const split = await splitAnnotated(set, part, options).catch((error) => {
    if (chosen && error instanceof DatasetError) return error
    throw error
  })
  if (split instanceof DatasetError) return none(`Nothing is held out for validation. ${split.message}`)
  const [train, validation] = split.parts.map((one) => one.dataset)
  if (chosen && train.images.length < leastTrain)
    return none('Nothing is held out for validation, because too few images would be left for one step.')
  if (chosen && [train, validation].some((one) => one.annotations.every(({ iscrowd }) => iscrowd === 1)))
    return none('Nothing is held out for validation, because too few images have objects.')
  return {
    train,
    validation,
    notes: [
      `${count(validation.images.length, 'image')} of ${total}, such as ${listed(validation.images.map(({ file_name }) => file_name!))}, ` +
        `${validation.images.length === 1 ? 'is' : 'are'} held out for validation; --val-fraction 0 trains on all.`,
      ...(isCompared
        ? []
        : [`Of more than ${count(MOST_COMPARED, 'image')}, near-duplicates are not looked for.`]),
      ...split.notes,
    ],
  }
}
