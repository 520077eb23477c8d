import * as z from 'zod/mini'
import { UserError } from '../../shared/errors.js'
import { liveLine } from '../../shared/live-line.js'
import type { ClassifierCard } from '../../shared/model-card.js'
import { formatDuration, percent, plural } from '../../shared/text.js'
import { validate } from '../../shared/validation.js'
import { classesOf } from '../../train/classification/card.js'
import type { RunConfig } from '../../train/classification/config.js'
import { evaluate, type Measured } from '../../train/classification/evaluate.js'
import { buildPredictor, predictorFrom } from '../../train/classification/export.js'
import type { Predictor } from '../../train/classification/step-types.js'
import {
  fetchedFolder,
  fixedKindOf,
  refuseMoved,
  refusePreprocessing,
} from '../../train/images/data-place.js'
import { inferenceState } from '../../train/run/checkpoint.js'
import { keptCheckpoint } from '../../train/run/run-folder.js'
import { dataFingerprint } from '../../train/settings/config.js'
import { interruptible } from '../shared/interrupt.js'
import { say, sayAll } from '../shared/say.js'
import { openImages, type Wanted } from './classifier-images.js'
import { classifierJson, classifierReport } from './classifier-report.js'
import type { EvaluateFlags, Subject } from './subject.js'

/** Pixels of a batch: 20 images of 224 × 224. Larger ones would take much memory for little speed. */
const BATCH_PIXELS = 2 ** 20
const MOST_IN_BATCH = 100
/** In a log, a count of what is done sooner, in seconds, would only be noise. */
const LOG_AFTER = 5
/** Unreadable images that are named. */
const NAMED = 10

/** `toolkit evaluate` for classifiers. */
export async function evaluateClassifier(
  subject: Subject<RunConfig, ClassifierCard>,
  flags: EvaluateFlags,
): Promise<void> {
  const line = liveLine(process.stderr)
  const start = performance.now()
  const seconds = (): number => (performance.now() - start) / 1000
  const show = (text: () => string): void => {
    if (process.stderr.isTTY || seconds() > LOG_AFTER) line.show(text)
  }
  const unreadable = { count: 0, first: [] as string[] }
  let soFar: Measured = { images: 0, top1: 0, top5: 0 }
  await interruptible(
    async (signal) => {
      const opened = 'config' in subject ? await openRun(subject, flags) : openModel(subject, flags)
      const { wanted } = opened
      const images = await openImages(wanted, {
        split: flags.split,
        limit: flags.limit,
        signal,
        onOpening: ({ done, total }) => show(() => `Listing images: ${percent(done / Math.max(1, total))}`),
        onUnreadable: flags.skipUnreadable
          ? ({ title, reason }) => {
              unreadable.count++
              if (unreadable.first.length < NAMED) unreadable.first.push(`${title} (${reason})`)
            }
          : undefined,
      })
      line.end()
      sayAll(images.notes)
      const predictor = await opened.predictor()
      const began = seconds()
      const evaluation = await evaluate(predictor, images.images, {
        batchSize: Math.max(1, Math.min(MOST_IN_BATCH, Math.floor(BATCH_PIXELS / wanted.size ** 2))),
        flip: flags.flip,
        signal,
        onBatch(done, measured) {
          soFar = measured
          show(() => progress(done + unreadable.count, images.count, seconds() - began, measured))
        },
      }).finally(async () => {
        line.end()
        await predictor.close()
      })
      if (evaluation === null) return
      if (evaluation.images === 0)
        throw new UserError(
          `None of the ${plural(images.count, 'image')} in ${wanted.data} can be read: ${unreadable.first[0]}`,
        )
      if (unreadable.count > 0)
        say(
          `${unreadable.count} of ${plural(images.count, 'image')} cannot be read and are left out: ${unreadable.first.join(', ')}`,
        )
      const { name, classes, split } = images
      if (flags.json) {
        const { preprocessing } = wanted
        const about = { subject: subject.path, data: name, split, preprocessing, flip: flags.flip ?? false }
        const skipped = flags.skipUnreadable ? { unreadable } : {}
        console.log(JSON.stringify({ ...about, ...classifierJson(classes, evaluation), ...skipped }))
      } else console.log(classifierReport({ name, classes }, evaluation))
    },
    () => {
      line.end()
      say('Stopping after the current batch. Ctrl-C again exits immediately.')
    },
  ).catch((error) => {
    // Listing the images was interrupted.
    if ((error as Error).name !== 'AbortError') throw error
  })
  if (process.exitCode === undefined || process.exitCode === 0) return
  line.end()
  say(
    soFar.images === 0
      ? 'Stopped before the first images were measured.'
      : `Stopped after ${plural(soFar.images, 'image')}, on which top-1 is ${percent(soFar.top1)} and top-5 ${percent(soFar.top5)}; the others may differ, since images often lie class by class.`,
  )
}

/** For example `1200 of 50000 images · top-1 74.1 % · 85.2 images/s · 10 min left`. */
function progress(done: number, count: number, seconds: number, { top1 }: Measured): string {
  const perSecond = done / seconds
  const left = formatDuration((count - done) / perSecond)
  return `${done} of ${plural(count, 'image')} · top-1 ${percent(top1)} · ${perSecond.toPrecision(3)} images/s · ${left} left`
}

interface Opened {
  wanted: Wanted
  predictor: () => Promise<Predictor>
}

async function openRun(
  { path: folder, config }: { path: string; config: RunConfig },
  flags: EvaluateFlags,
): Promise<Opened> {
  const checkpoint = await keptCheckpoint(folder, config.keep)
  if (checkpoint === null) throw new UserError(`${folder} has no checkpoint yet; train it first`)
  const classes = classesOf(config)
  const { fingerprint, ...data } = config.data
  const own = flags.data === undefined && flags.dataDir === undefined
  if (own && config.imported !== undefined && fixedKindOf(data.name) === 'folder')
    throw new UserError(
      `The weights in ${folder} were imported, not trained here; name the labelled images to evaluate on with --data`,
    )
  if (own) refuseMoved(config.data)
  const size = data.imageSize
  if (size === null) throw new UserError(`${folder} does not record the image size of its data`)
  const wanted = {
    subject: folder,
    data: flags.data ?? data.name,
    dataDir: flags.dataDir ?? (own ? fetchedFolder(config.data) : data.folder) ?? undefined,
    own,
    validation: data.validation,
    validationFraction: data.validationFraction,
    seed: config.seed,
    // The run's own data is compared with how it was; other data may be used.
    fingerprint: own ? fingerprint : undefined,
    classes,
    size,
    preprocessing: flags.preprocessing ?? data.preprocessing ?? 'cover',
  }
  refusePreprocessing(wanted.data, flags.preprocessing)
  const state = inferenceState(checkpoint.state)
  const shapes = { batch: MOST_IN_BATCH, imageSize: size, classes: classes.length }
  return { wanted, predictor: () => buildPredictor(config, state, shapes) }
}

function openModel(
  { path, card, bytes }: { path: string; card: ClassifierCard; bytes: Uint8Array },
  flags: EvaluateFlags,
): Opened {
  const trained = card.about.data as
    | { name?: string; validation?: number; validationFraction?: number; fingerprint?: unknown }
    | undefined
  const training = card.about.training as { seed?: number } | undefined
  const data = flags.data ?? trained?.name
  if (data === undefined)
    throw new UserError(`${path} does not say what it was trained on; name the images with --data`)
  const [size, width] = card.inputSize
  if (size !== width)
    throw new UserError(
      `${path} takes images of ${size}×${width}; only classifiers of square images can be evaluated`,
    )
  const noted = z.optional(dataFingerprint)
  const fingerprint = validate(noted, trained?.fingerprint, { field: 'about.data.fingerprint' })
  const wanted = {
    subject: path,
    data,
    dataDir: flags.dataDir,
    // The split into training and validation images is the one of the model's own training.
    own: flags.data === undefined,
    validation: trained?.validation ?? 0,
    validationFraction: trained?.validationFraction,
    seed: training?.seed,
    fingerprint: flags.data === undefined ? fingerprint : undefined,
    classes: card.labels,
    size,
    preprocessing: flags.preprocessing ?? card.preprocessing ?? 'cover',
  }
  refusePreprocessing(wanted.data, flags.preprocessing)
  const predictor = (): Promise<Predictor> =>
    predictorFrom(bytes, size).catch((error: Error) => {
      throw new UserError(`${path} cannot be run: ${error.message}`, { cause: error })
    })
  return { wanted, predictor }
}
