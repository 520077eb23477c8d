/** Why a detector finds next to nothing after its training. */
import type { DetectionSet } from '../../../datasets/detection/detection-set.js'
import { formatDuration, grouped, listed, percent, plural } from '../../shared/text.js'
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
  const reasons = [
    ...reasonsInData({ weights, init }, { images, categories }),
    ...(steps < ENOUGH_STEPS
      ? [`few steps: ${grouped(steps)} (train on: --resume RUN --steps ${ENOUGH_STEPS})`]
      : []),
  ]
  return (
    `The detector finds next to nothing on the validation images. ` +
    (reasons.length > 0 ? `Likely reasons: ${reasons.join('; ')}` : LOOK)
  )
}

const LOOK = 'Look at the training images with --preview: do boxes and objects fit?'

/** AP50 of a quick look below which a run that should have learnt something is likely to learn nothing. */
const HOPELESS = 0.01
/** From here on a run should have learnt something: the fraction that is done, and minutes. */
const SHOULD_LEARN = { progress: 0.1, minutes: 5 }

/**
 * A sentence for a run that still finds nothing: what it may lack, and how to stop it. A quick look at a few images is
 * enough to say so.
 *
 * @param ap50 As COCO gives it; −1: not defined
 * @param progress Fraction of the run that is done
 * @returns undefined for a run that finds something, or is too young
 */
export function hopelessNote(
  { ap50, images: measured, seconds }: { ap50: number; images: number; seconds: number },
  progress: number,
  config: Pick<DetectorRunConfig, 'weights' | 'init'>,
  set: Pick<DetectionSet, 'images' | 'categories'>,
): string | undefined {
  const isYoung = progress < SHOULD_LEARN.progress || seconds < 60 * SHOULD_LEARN.minutes
  if (ap50 < 0 || ap50 >= HOPELESS || isYoung) return undefined
  const reasons = reasonsInData(config, set)
  const done = `${formatDuration(seconds)} (${percent(progress)} of the run)`
  return (
    `AP50 is ${ap50.toFixed(3)} on ${plural(measured, 'image')} after ${done}: this run may never find anything. ` +
    `${reasons.length > 0 ? `Likely reasons: ${reasons.join('; ')}` : `${LOOK} A lower --learning-rate may help too`}. ` +
    'Ctrl-C stops it'
  )
}

function reasonsInData(
  { weights, init }: Pick<DetectorRunConfig, 'weights' | 'init'>,
  { images, categories }: Pick<DetectionSet, 'images' | 'categories'>,
): string[] {
  const objects = categories.map(() => 0)
  for (const { labels, crowd } of images)
    for (const [i, label] of labels.entries()) if (!crowd[i]) objects[label]++
  const few = categories.flatMap(({ name }, i) =>
    objects[i] < ENOUGH_OBJECTS ? [`${name} ${objects[i]}`] : [],
  )
  return [
    ...(weights === null && init === undefined
      ? ['it began with random weights (begin with --backbone RUN or --init RUN)']
      : []),
    ...(few.length > 0 ? [`fewer than ${ENOUGH_OBJECTS} objects to learn from: ${listed(few)}`] : []),
  ]
}
