/** What a run of `train-backbone` comes to: its accuracy beside that of chance, and the next commands. */
import type { ImageSource } from '../../../datasets/classification/image-source.js'
import { percent, plural } from '../../shared/text.js'
import type { RunConfig } from '../../train/classification/config.js'
import type { ClassifierMetrics } from '../../train/classification/metrics.js'
import type { EvaluationRow } from '../../train/tasks.js'
import { keptEvaluation } from './kept-evaluation.js'
import type { TrainingSession } from './session.js'

/** The evaluation of the weights that are exported. */
export type Measured = Pick<EvaluationRow, 'top1' | 'top5' | 'loss' | 'images' | 'epoch'>

export interface ClassifierResult extends Omit<TrainingSession<never>, 'validation'> {
  validation: Measured | null
  /** The accuracy of always naming the class that most validation images have; null: there are none. */
  chance: number | null
}

/** The evaluation of the weights of a run that are exported; null: they were not evaluated. */
export async function measuredOf(folder: string, config: RunConfig): Promise<Measured | null> {
  const row = await keptEvaluation<ClassifierMetrics>(folder, config)
  if (row === null) return null
  const { top1, top5, loss, images, epoch } = row
  return { top1, top5, loss, images, epoch }
}

/** The share of the most frequent class. */
export function chanceOf({ labels, classes }: Pick<ImageSource, 'labels' | 'classes'>): number {
  const counts = classes.map(() => 0)
  for (const label of labels) counts[label]++
  return Math.max(...counts) / labels.length
}

/** Standard deviations above chance below which an accuracy may be one of chance. */
const SURE = 2
/** What a class and a run need at least, so that more than chance is reached as a rule. */
const ENOUGH_IMAGES = 50
const ENOUGH_STEPS = 1000

/** A sentence on what to change when the classifier is not better than chance; undefined: it is better. */
export function lowAccuracyNote(
  { validation, chance, steps, run }: ClassifierResult,
  { init }: Pick<RunConfig, 'init'>,
  { count, classes }: Pick<ImageSource, 'count' | 'classes'>,
): string | undefined {
  if (validation === null || chance === null) return undefined
  const spread = Math.sqrt((chance * (1 - chance)) / validation.images)
  if (validation.top1 > chance + SURE * spread) return undefined
  const perClass = count / classes.length
  const reasons = [
    ...(chance === 1 ? ['the validation images are of one class alone, which shows nothing'] : []),
    ...(init === undefined ? ['it began with random weights (begin with trained ones: --init RUN)'] : []),
    ...(perClass < ENOUGH_IMAGES ? [`${Math.round(perClass)} images of a class to learn from`] : []),
    ...(steps < ENOUGH_STEPS
      ? [`few steps: ${steps} (train on: --resume ${run} --steps ${ENOUGH_STEPS})`]
      : []),
  ]
  return (
    'The classifier is not measurably better than chance. ' +
    (reasons.length > 0
      ? `Likely reasons: ${reasons.join('; ')}`
      : 'Look at the images with "toolkit datasets preview": do they show their classes at this size?')
  )
}

/** Lines: what was reached, and the commands to type next. */
export function describeResult(
  { run, steps, validation, chance, model }: ClassifierResult,
  { keep }: Pick<RunConfig, 'keep'>,
): string {
  const which =
    keep === 'best' && validation !== null ? `, the best after epoch ${validation.epoch.toFixed(1)}` : ''
  const measured =
    validation === null
      ? ''
      : `${which}: accuracy ${percent(validation.top1)} on ${plural(validation.images, 'validation image')}` +
        (chance === null ? '' : ` (chance level ${percent(chance)})`)
  return [
    `Trained ${plural(steps, 'step')}${measured}; the model is ${model}`,
    validation === null
      ? `Next: toolkit serve ${model}; toolkit evaluate ${run} --data FOLDER measures it on other images`
      : `Next: toolkit evaluate ${run}, or toolkit serve ${model}`,
  ].join('\n')
}
