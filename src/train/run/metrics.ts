/** `metrics.jsonl`: the reports of a run, one JSON object per line, in the order of steps. */
import { open } from 'node:fs/promises'
import { UserError } from '../../shared/errors.js'
import { fileError, isFileError, readWholeLines, writeFileAtomically } from '../../shared/files.js'

/** The metrics of a task, besides those that every run has. */
export interface Metrics {
  /** Of a step. A training row holds their means. */
  training: { loss: number }
  /** Measured on the validation images. */
  evaluation: object
}

/** Means over the last `steps` steps up to step `step`. */
export type TrainingRow<M extends Metrics> = M['training'] & {
  kind: 'training'
  step: number
  steps: number
  /** Passes over the data so far, with fractions. */
  epoch: number
  /** Seconds trained so far, over all sessions. */
  seconds: number
  gradientNorm: number
  learningRate: number
  imagesPerSecond: number
  imageSize: ImageSize
  /** Fraction of that time in which steps waited for images, in [0, 1]; missing where they are all in memory. */
  waiting?: number
}

/** The side of square images, or [height, width]. */
export type ImageSize = number | [number, number]

/** Measured on the validation images after step `step`. */
export type EvaluationRow<M extends Metrics> = M['evaluation'] & {
  kind: 'evaluation'
  step: number
  epoch: number
  seconds: number
}

/** A quick look after step `step`: the same metrics of a few of the validation images, always the same ones. */
export type CheckRow<M extends Metrics> = M['evaluation'] & {
  kind: 'check'
  step: number
  epoch: number
  seconds: number
}

/** Settings changed when the run was resumed at step `step`: [before, after] of each. */
export interface ChangeRow {
  kind: 'change'
  step: number
  settings: Record<string, [unknown, unknown]>
}

export type MetricsRow<M extends Metrics> = TrainingRow<M> | EvaluationRow<M> | CheckRow<M> | ChangeRow

/** Appends a row and flushes it to the disk. Throws a `UserError` when the file cannot be written. */
export async function appendRow(path: string, row: MetricsRow<Metrics>): Promise<void> {
  try {
    const file = await open(path, 'a')
    try {
      await file.writeFile(`${JSON.stringify(row)}\n`)
      await file.sync()
    } finally {
      await file.close()
    }
  } catch (error) {
    throw isFileError(error) ? fileError('write', path, error) : error
  }
}

/**
 * Reads the rows of a metrics file; none when there is no file. A last line without a line feed, as a killed process
 * leaves it, is ignored. `M`: the metrics of the run's task; they are not checked.
 *
 * @throws UserError that names the line when any other is not a row
 */
export async function readRows<M extends Metrics>(path: string): Promise<MetricsRow<M>[]> {
  return (await readWholeLines(path)).map((line, index) => {
    try {
      const row = JSON.parse(line) as MetricsRow<M>
      if (typeof row?.step === 'number' && typeof row.kind === 'string') return row
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error
    }
    throw new UserError(`${path}, line ${index + 1} is not a row of metrics; delete the line to go on`)
  })
}

/** Cuts off the rows beyond `step`, so that a run resumed there reports no step twice. Returns the rows kept. */
export async function cutRows(path: string, step: number): Promise<MetricsRow<Metrics>[]> {
  const kept = (await readRows<Metrics>(path)).filter((row) => row.step <= step)
  await writeFileAtomically(path, kept.map((row) => `${JSON.stringify(row)}\n`).join(''))
  return kept
}

/** The metrics of one step. */
export interface StepMetrics<M extends Metrics> {
  metrics: M['training']
  /** Global norm of the gradient before clipping. */
  gradientNorm: number
  /** Seconds in which the step waited for images after its first ones. */
  waited?: number
}

/** Sums over the steps since the last training row. Its metrics are sums by name. */
export interface MetricsWindow {
  steps: number
  metrics: Record<string, number>
  gradientNorm: number
  /** Of the last step. */
  learningRate: number
  /** Time of the steps only: evaluations and checkpoints are not part of the images per second. */
  seconds: number
  /** The part of that time in which steps waited for images. */
  waited: number
}

/** A window without steps. */
export const emptyWindow: MetricsWindow = {
  steps: 0,
  metrics: {},
  gradientNorm: 0,
  learningRate: 0,
  seconds: 0,
  waited: 0,
}

/** The window with one more step. */
export function widen(
  window: MetricsWindow,
  { metrics, gradientNorm }: StepMetrics<Metrics>,
  learningRate: number,
  { seconds, waited }: { seconds: number; waited: number },
): MetricsWindow {
  const sums = Object.entries(metrics).map(([name, value]) => [name, (window.metrics[name] ?? 0) + value])
  return {
    steps: window.steps + 1,
    metrics: Object.fromEntries(sums),
    gradientNorm: window.gradientNorm + gradientNorm,
    learningRate,
    seconds: window.seconds + seconds,
    waited: window.waited + waited,
  }
}

/** The training row of a window that ends at `place`. */
export function trainingRow(
  window: MetricsWindow,
  place: { step: number; epoch: number; seconds: number },
  {
    imagesPerStep,
    imageSize,
    reportsWaiting,
  }: { imagesPerStep: number; imageSize: ImageSize; reportsWaiting: boolean },
): TrainingRow<Metrics> {
  const { steps } = window
  const means = Object.entries(window.metrics).map(([name, sum]) => [name, sum / steps])
  return {
    kind: 'training',
    ...place,
    steps,
    ...(Object.fromEntries(means) as Metrics['training']),
    gradientNorm: window.gradientNorm / steps,
    learningRate: window.learningRate,
    imagesPerSecond: (steps * imagesPerStep) / window.seconds,
    imageSize,
    ...(reportsWaiting && { waiting: window.waited / window.seconds }),
  }
}
