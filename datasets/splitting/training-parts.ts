/** Which images of a set are trained on, and which are kept to measure on. */
import type { Dataset } from '#coco-ts'
import { type AnnotatedPart, type AnnotatedSet, WHOLE } from '../annotated/annotated-set.js'
import { DatasetError } from '../files/errors.js'
import { count } from '../files/left-out.js'
import { heldOutNotes, holdOutOptions, LEAST_IMAGES, splitOrReason, usualShare } from './hold-out.js'
import type { SplitOptions } from './split.js'
import { splitAnnotated } from './split-annotated.js'

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
  const share = fraction ?? usualShare(total)
  const chosen = fraction === undefined
  if (share === 0 || (chosen && total < LEAST_IMAGES)) return none()
  const options = holdOutOptions(total, share, { seed, onProgress })
  const split = await splitOrReason(splitAnnotated(set, part, options), chosen)
  if (typeof split === 'string') return none(split)
  const [train, validation] = split.parts.map((one) => one.dataset)
  if (chosen && train.images.length < leastTrain)
    return none('Nothing is held out for validation, because too few images would be left for one step.')
  if (chosen && [train, validation].some((one) => one.annotations.every(({ iscrowd }) => iscrowd === 1)))
    return none('Nothing is held out for validation, because too few images have objects.')
  return {
    train,
    validation,
    notes: heldOutNotes(
      {
        held: validation.images.length,
        total,
        examples: validation.images.map(({ file_name }) => file_name!),
      },
      split.notes,
    ),
  }
}
