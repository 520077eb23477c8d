import * as z from 'zod/mini'
import { sameClasses } from '../../../datasets/classification/imagenet-classes.js'
import {
  changeOfData,
  type DataFingerprint,
  type Dataset,
  type ImageSet,
  loadDataset,
  type PartName,
} from '../../../datasets/index.js'
import { UserError } from '../../shared/errors.js'
import { liveLine } from '../../shared/live-line.js'
import type { ClassifierCard } from '../../shared/model-card.js'
import { listed, percent, plural } from '../../shared/text.js'
import { validate } from '../../shared/validation.js'
import { classesOf } from '../../train/classification/card.js'
import type { RunConfig } from '../../train/classification/config.js'
import { classMetrics, type Evaluation, evaluate } from '../../train/classification/evaluate.js'
import { buildPredictor, predictorFrom } from '../../train/classification/export.js'
import type { Predictor } from '../../train/classification/step-types.js'
import { loadData } from '../../train/images/data.js'
import { changedNote, kindOf } from '../../train/images/data-place.js'
import { inferenceState } from '../../train/run/checkpoint.js'
import { newestCheckpoint } from '../../train/run/run-folder.js'
import { dataFingerprint } from '../../train/settings/config.js'
import { say, sayAll } from '../shared/say.js'
import type { EvaluateFlags, Subject } from './subject.js'

const BATCH = 100
/** With more, the confusion matrix is wider than any screen; --json has it. */
const MATRIX_CLASSES = 100

/** `toolkit evaluate` for classifiers. */
export async function evaluateClassifier(
  subject: Subject<RunConfig, ClassifierCard>,
  flags: EvaluateFlags,
): Promise<void> {
  const { predictor, set } =
    'config' in subject ? await openRun(subject, flags) : await openModel(subject, flags)
  const line = liveLine(process.stderr)
  // Batches are quick: in a log, a count would only be noise.
  const showCount = (done: number): void => line.show(() => `${done} of ${set.count} images`)
  const evaluation = await evaluate(predictor, set, {
    batchSize: BATCH,
    onBatch: process.stderr.isTTY ? showCount : undefined,
  }).finally(async () => {
    line.end()
    await predictor.close()
  })
  if (evaluation === null) return
  const classes = classMetrics(evaluation.confusion, set.classes)
  if (flags.json) {
    const about = { subject: subject.path, data: set.name, split: flags.split }
    console.log(JSON.stringify({ ...about, ...evaluation, classes }))
  } else console.log(report(set, evaluation))
}

interface Opened {
  predictor: Predictor
  set: ImageSet
}

async function openRun(
  { path: folder, config }: { path: string; config: RunConfig },
  flags: EvaluateFlags,
): Promise<Opened> {
  const checkpoint = await newestCheckpoint(folder)
  if (checkpoint === null) throw new UserError(`${folder} has no checkpoint yet; train it first`)
  classesOf(config)
  const { fingerprint, ...data } = config.data
  const own = flags.data === undefined && flags.dataDir === undefined
  if (own && config.imported !== undefined && kindOf(data.name) === 'folder')
    throw new UserError(
      `The weights in ${folder} were imported, not trained here; name the labelled images to evaluate on with --data`,
    )
  const named = {
    ...config,
    data: {
      ...data,
      name: flags.data ?? data.name,
      folder: flags.dataDir ?? data.folder,
      // The run's own data is compared with how it was; other data may be used.
      ...(own && fingerprint && { fingerprint }),
    },
  }
  const parts = measuredParts(flags.split, fingerprint)
  const dataset = await loadData(named, { parts, onChange: say })
  sayAll(dataset.warnings)
  const set = partOf(dataset, flags.split)
  const shapes = { batch: BATCH, imageSize: set.height, classes: set.classes.length }
  return { set, predictor: await buildPredictor(config, inferenceState(checkpoint.state), shapes) }
}

/** Parts of the files that the images of a split come from. */
function measuredParts(split: EvaluateFlags['split'], fingerprint: DataFingerprint | undefined): PartName[] {
  return [split === 'validation' && fingerprint?.validation === undefined ? 'train' : split]
}

async function openModel(
  { path, card, bytes }: { path: string; card: ClassifierCard; bytes: Uint8Array },
  flags: EvaluateFlags,
): Promise<Opened> {
  const trained = card.about.data as { name?: string; validation?: number; fingerprint?: unknown } | undefined
  const training = card.about.training as { seed?: number } | undefined
  const name = flags.data ?? trained?.name
  if (name === undefined)
    throw new UserError(`${path} does not say what it was trained on; name the images with --data`)
  const [size, width] = card.inputSize
  if (size !== width)
    throw new UserError(
      `${path} takes images of ${size}×${width}; only classifiers of square images can be evaluated`,
    )
  // The split into training and validation images is the one of the model's own training.
  const validation = trained?.validation ?? 0
  const dataset = await loadDataset(name, { size, validation, seed: training?.seed, dataDir: flags.dataDir })
  sayAll(dataset.warnings)
  const set = partOf(dataset, flags.split)
  const noted = z.optional(dataFingerprint)
  const before = validate(noted, trained?.fingerprint, { field: 'about.data.fingerprint' })
  if (flags.data === undefined && before && dataset.fingerprint) {
    const change = changeOfData(before, dataset.fingerprint, measuredParts(flags.split, before))
    if (change !== null) say(changedNote(name, change))
  }
  if (!sameClasses(card.labels, set.classes))
    throw new UserError(
      `${path} knows the classes ${listed(card.labels)}, but ${name} has ${listed(set.classes)}`,
    )
  const predictor = await predictorFrom(bytes, size).catch((error: Error) => {
    throw new UserError(`${path} cannot be run: ${error.message}`, { cause: error })
  })
  return { set, predictor }
}

function partOf(dataset: Dataset, part: EvaluateFlags['split']): ImageSet {
  const set = dataset[part]
  if (set === undefined)
    throw new UserError(`${dataset.name} has no ${part} images; choose another part with --split`)
  return set
}

/** The metrics as text: totals, a line for each class, the confusion matrix. */
function report(set: ImageSet, { images, top1, top5, loss, confusion }: Evaluation): string {
  const share = (value: number | null): string => (value === null ? '–' : percent(value))
  const width = Math.max(5, ...set.classes.map((label) => label.length))
  const column = Math.max(4, String(Math.max(...confusion.flat())).length + 1)
  const classes = classMetrics(confusion, set.classes).map(
    ({ label, images, recall, precision }) =>
      `${label.padEnd(width)}  ${String(images).padStart(6)}  ${share(recall).padStart(8)}  ${share(precision).padStart(9)}`,
  )
  const matrix = confusion.map(
    (row, index) =>
      `${set.classes[index].padEnd(width)} ${row.map((count) => String(count || '·').padStart(column)).join('')}`,
  )
  const header = set.classes.map((label) => label.slice(0, column - 1).padStart(column)).join('')
  return [
    `${set.name}: ${plural(images, 'image')}, top-1 ${percent(top1)}, top-5 ${percent(top5)}, loss ${loss.toFixed(4)}`,
    '',
    `${'class'.padEnd(width)}  images    recall  precision`,
    ...classes,
    ...(set.classes.length > MATRIX_CLASSES
      ? []
      : [
          '',
          'Confusion matrix (rows: true class, columns: predicted class)',
          `${''.padEnd(width)} ${header}`,
          ...matrix,
        ]),
  ].join('\n')
}
