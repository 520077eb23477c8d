/** Why a detector finds next to nothing after its training. */
import type { DetectionSet } from '../../../datasets/detection/detection-set.js'
import { grouped, listed } from '../../shared/text.js'
import type { DetectorRunConfig } from './config.js'

/** AP50 below which a detector finds next to nothing. */
const LOW = 0.05
/** What a category and a run need at least, so that more than that is found as a rule. */
const ENOUGH_OBJECTS = 50
const ENOUGH_STEPS = 2000

/**
 * A sentence on what to change, when AP50 on the validation images is near zero: likely reasons are random first weights,
 * categories with few objects, and few steps.
 *
 * @param ap50 As COCO gives it; −1: not defined
 * @returns undefined for a detector that finds something
 */
export function lowResultNote(
  ap50: number,
  steps: number,
  { weights, init }: Pick<DetectorRunConfig, 'weights' | 'init'>,
  { images, categories }: Pick<DetectionSet, 'images' | 'categories'>,
): string | undefined {
  if (ap50 < 0 || ap50 >= LOW) return undefined
  const objects = categories.map(() => 0)
  for (const { labels, crowd } of images)
    for (const [i, label] of labels.entries()) if (!crowd[i]) objects[label]++
  const few = categories.flatMap(({ name }, i) =>
    objects[i] < ENOUGH_OBJECTS ? [`${name} ${objects[i]}`] : [],
  )
  const reasons = [
    ...(weights === null && init === undefined
      ? ['it began with random weights (begin with --backbone RUN or --init RUN)']
      : []),
    ...(few.length > 0 ? [`fewer than ${ENOUGH_OBJECTS} objects to learn from: ${listed(few)}`] : []),
    ...(steps < ENOUGH_STEPS
      ? [`few steps: ${grouped(steps)} (train on: --resume RUN --steps ${ENOUGH_STEPS})`]
      : []),
  ]
  return (
    `The detector finds next to nothing on the validation images. ` +
    (reasons.length > 0
      ? `Likely reasons: ${reasons.join('; ')}`
      : 'Look at the training images with --preview: do boxes and objects fit?')
  )
}
