/** `metrics.jsonl`: what a run reported, one JSON object a line, in order of steps. */
import { open, readFile } from 'node:fs/promises'
import { UserError } from '../errors.js'
import { fileError, isFileError, writeFileAtomically } from '../files.js'
import type { StepResult } from './step-types.js'

/** Means over the `steps` steps that end with step `step`. */
export interface TrainingRow {
  kind: 'training'
  step: number
  steps: number
  /** Passes over the data so far; fractions count. */
  epoch: number
  /** Seconds trained so far, over all sittings. */
  seconds: number
  loss: number
  /** Fraction of right answers on the augmented training images. */
  accuracy: number
  gradientNorm: number
  learningRate: number
  imagesPerSecond: number
  imageSize: number
}

/** Measured on the validation images after step `step`. */
export interface EvaluationRow {
  kind: 'evaluation'
  step: number
  epoch: number
  seconds: number
  loss: number
  top1: number
  top5: number
  images: number
}

/** Settings changed when the run was resumed at step `step`: [before, after] of each. */
export interface ChangeRow {
  kind: 'change'
  step: number
  settings: Record<string, [unknown, unknown]>
}

export type MetricsRow = TrainingRow | EvaluationRow | ChangeRow

/** Appends a row and flushes it to the disk. Throws a `UserError` when the disk refuses. */
export async function appendRow(path: string, row: MetricsRow): Promise<void> {
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
 * The rows of a metrics file, none when there is no file. A last line without its end, as a killed process
 * leaves it, is passed over.
 *
 * @throws UserError that names the line when any other is not a row
 */
export async function readRows(path: string): Promise<MetricsRow[]> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw fileError('read', path, error)
  }
  const whole = text.split('\n').slice(0, -1)
  return whole.map((line, index) => {
    try {
      const row = JSON.parse(line) as MetricsRow
      if (typeof row?.step === 'number' && typeof row.kind === 'string') return row
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error
    }
    throw new UserError(`${path}, line ${index + 1} is not a row of metrics; delete the line to go on`)
  })
}

/** Cuts off the rows beyond `step`, so that a run resumed there reports no step twice. Returns the rows kept. */
export async function cutRows(path: string, step: number): Promise<MetricsRow[]> {
  const kept = (await readRows(path)).filter((row) => row.step <= step)
  await writeFileAtomically(path, kept.map((row) => `${JSON.stringify(row)}\n`).join(''))
  return kept
}

/** Sums over the steps since the last training row. */
export interface Window {
  steps: number
  loss: number
  correct: number
  gradientNorm: number
  /** Of the last step. */
  learningRate: number
  /** Spent in the steps alone: evaluations and checkpoints do not slow down the images per second. */
  seconds: number
}

export const emptyWindow: Window = {
  steps: 0,
  loss: 0,
  correct: 0,
  gradientNorm: 0,
  learningRate: 0,
  seconds: 0,
}

/** The window with one more step in it. */
export function widen(window: Window, result: StepResult, learningRate: number, seconds: number): Window {
  return {
    steps: window.steps + 1,
    loss: window.loss + result.loss,
    correct: window.correct + result.correct,
    gradientNorm: window.gradientNorm + result.gradientNorm,
    learningRate,
    seconds: window.seconds + seconds,
  }
}

/** The row that a window makes, at the place where it ends. */
export function trainingRow(
  window: Window,
  place: { step: number; epoch: number; seconds: number },
  { batchSize, imageSize }: { batchSize: number; imageSize: number },
): TrainingRow {
  const { steps } = window
  return {
    kind: 'training',
    ...place,
    steps,
    loss: window.loss / steps,
    accuracy: window.correct / (steps * batchSize),
    gradientNorm: window.gradientNorm / steps,
    learningRate: window.learningRate,
    imagesPerSecond: (steps * batchSize) / window.seconds,
    imageSize,
  }
}
