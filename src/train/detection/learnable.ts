/** Checks before compiling that a detector can learn something from its data. */
import {
  listCategories,
  looksNormalised,
  sameNames,
  zeroIdNotes,
} from '../../../datasets/detection/annotation-notes.js'
import type { DetectionImage, DetectionSet } from '../../../datasets/detection/detection-set.js'
import { fitImage } from '../../shared/detector-input.js'
import { UserError } from '../../shared/errors.js'
import { SMALLEST } from './augment.js'
import type { DetectorRunConfig } from './config.js'

type SizeConfig = Pick<DetectorRunConfig, 'inputSize' | 'multiScale' | 'resize' | 'augmentation'>

const INSPECT = 'look at the file with "toolkit datasets inspect"'

/**
 * @throws UserError when no object of `set` can be learnt: there is none, all are crowds, all are too small at every
 *   training size, or the boxes are not in pixels. The message counts the reasons.
 */
export function assertLearnable(config: SizeConfig, set: DetectionSet): void {
  refuseNormalised(set)
  const counts = { crowds: 0, tiny: 0 }
  for (const image of set.images)
    for (const [index, crowd] of image.crowd.entries()) {
      if (crowd) counts.crowds++
      else if (largestSide(config, image, index) >= SMALLEST) return
      else counts.tiny++
    }
  const reasons = [
    ...(set.leftOut ?? []),
    ...(counts.crowds > 0 ? [`${counts.crowds} are crowds (iscrowd 1), which are not learnt from`] : []),
    ...(counts.tiny > 0 ? [`${counts.tiny} are smaller than a pixel at the sizes trained at`] : []),
  ]
  throw new UserError(
    `None of the ${set.images.length} training images of ${set.name} has an object to learn from: ` +
      `${reasons.length > 0 ? reasons.join('; ') : 'there are no annotations'}. Annotate objects, or ${INSPECT}`,
  )
}

/** The shorter side of a box, in pixels of the input, at the largest size in training. */
function largestSide(
  { inputSize, multiScale, resize, augmentation }: SizeConfig,
  image: DetectionImage,
  index: number,
): number {
  const { boxes, width, height } = image
  const [x1, y1, x2, y2] = boxes.subarray(4 * index, 4 * index + 4)
  const sides = [inputSize, ...multiScale].map((size) => {
    const fitted = fitImage(resize, size, width, height)
    const side = (pixels: number): number => Math.max(1, Math.round(pixels * augmentation.scale[1]))
    return Math.min(((x2 - x1) * side(fitted.width)) / width, ((y2 - y1) * side(fitted.height)) / height)
  })
  return Math.max(...sides)
}

function refuseNormalised(set: DetectionSet): void {
  const { annotations } = set.coco.dataset
  if (looksNormalised(annotations))
    throw new UserError(
      `All ${annotations.length} boxes of ${set.name} lie between 0 and 1, so they are no pixels; multiply them by the ` +
        'width and height of their image, since COCO’s boxes are [x, y, width, height] in pixels',
    )
}

/** The classes of which `set` has an object that is not a crowd. */
function classesIn({ images, categories }: DetectionSet): DetectionSet['categories'] {
  const shown = new Set<number>()
  for (const { labels, crowd } of images)
    for (const [i, label] of labels.entries()) if (!crowd[i]) shown.add(label)
  return categories.filter((_, index) => shown.has(index))
}

/**
 * Checks the data of a new run, and returns notes for the user.
 *
 * @throws UserError as {@link assertLearnable}, and when two classes have the same name, or the validation images show
 *   no class of the training images
 */
export function checkTrainingData(
  config: SizeConfig,
  { train, validation }: { train: DetectionSet; validation: DetectionSet | null },
): string[] {
  assertLearnable(config, train)
  const learnt = classesIn(train)
  const [same] = sameNames(learnt)
  if (same)
    throw new UserError(
      `${train.name} has ${same.length} categories of one name: ${listCategories(same)}; a detector's answers could not ` +
        'be told apart. Give them different names, or make them one category',
    )
  const without = train.categories.filter((category) => !learnt.includes(category))
  const notes =
    without.length === 0
      ? []
      : [
          `${without.length} of ${train.categories.length} categories ${without.length === 1 ? 'has' : 'have'} no object ` +
            `in the training images: ${listCategories(without)}.`,
        ]
  return validation ? [...notes, ...checkValidation(validation, learnt)] : notes
}

function checkValidation(validation: DetectionSet, learnt: DetectionSet['categories']): string[] {
  refuseNormalised(validation)
  const notes = zeroIdNotes(validation.coco)
  const measured = classesIn(validation)
  const leaveOut = 'Name other images with --val-images and --val-annotations, or leave both out'
  if (measured.length === 0) {
    const crowds = validation.images.reduce((sum, { crowd }) => sum + crowd.length, 0)
    const reasons = [
      ...(validation.leftOut ?? []),
      ...(crowds > 0 ? [`${crowds} are crowds (iscrowd 1), which are not to be found`] : []),
    ]
    throw new UserError(
      `None of the ${validation.images.length} validation images of ${validation.name} has an object to find: ` +
        `${reasons.length > 0 ? reasons.join('; ') : 'there are no annotations'}. ${leaveOut}`,
    )
  }
  const ids = new Set(learnt.map(({ id }) => id))
  const unseen = measured.filter(({ id }) => !ids.has(id))
  if (unseen.length === measured.length)
    throw new UserError(
      `The validation images of ${validation.name} show only categories that the training images never show: ` +
        `${listCategories(unseen)}. ${leaveOut}`,
    )
  if (unseen.length === 0) return notes
  return [
    ...notes,
    `${unseen.length} of the ${measured.length} categories of the validation images ${unseen.length === 1 ? 'is' : 'are'} ` +
      `never shown by the training images, so not learnt: ${listCategories(unseen)}.`,
  ]
}
