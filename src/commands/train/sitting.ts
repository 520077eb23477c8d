/** One sitting at a run: training with progress on stderr until its end or Ctrl-C, then the exported model. */
import { isMendable, UserError } from '../../shared/errors.js'
import { Diverged } from '../../train/run/divergence.js'
import type { TrainOptions, TrainResult } from '../../train/run/loop.js'
import type { EvaluationRow, Figures } from '../../train/run/metrics.js'
import { type Progress, showProgress, type Words } from '../../train/run/progress.js'
import type { AnyRunConfig, Run } from '../../train/run/run-folder.js'
import { interruptible } from '../shared/interrupt.js'

export interface Sitting<F extends Figures> {
  run: string
  finished: boolean
  steps: number
  seconds: number
  /** The last evaluation, null when there was none. */
  validation: EvaluationRow<F> | null
  /** Path of the exported model, null when the run is not at its end. */
  model: string | null
}

export interface SittingParts<F extends Figures> {
  /** The command that goes on with the run. */
  command: string
  /** What is trained on, for example `10000 images of 10 classes`. */
  data: string
  words: Words<F>
  train: (options: TrainOptions<F>, progress: Progress<F>) => Promise<TrainResult>
  /** Exports the finished run in `folder` and returns the model's path. */
  exportModel: (folder: string) => Promise<string>
}

/** Trains, reports, exports, and closes the run. What a user can mend is thrown with how to go on. */
export async function sitAt<F extends Figures>(
  run: Run<AnyRunConfig>,
  { command, data, words, train, exportModel }: SittingParts<F>,
): Promise<Sitting<F>> {
  const say = (text: string): void => console.error(text)
  const { folder } = run
  const goOn = `go on with: npx toolkit ${command} --resume ${folder}`
  const progress = showProgress(process.stderr, words)
  let validation: EvaluationRow<F> | null = null
  try {
    const from = run.checkpoint === null ? '' : ` from step ${run.checkpoint.step}`
    say(`Training in ${folder}${from}: ${data}`)
    for (const sentence of run.edited) say(sentence)
    const onEvaluation = (row: EvaluationRow<F>): void => {
      validation = row
      progress.onEvaluation(row)
    }
    const result = await interruptible(
      (signal) => train({ signal, onStep: progress.onStep, onEvaluation }, progress),
      () =>
        progress.note(
          'Stopping: the running step ends and a checkpoint is written. Ctrl-C again leaves at once.',
        ),
    )
    progress.end()
    const { finished, step, seconds } = result
    if (!finished) say(`Saved ${folder} at step ${step}; ${goOn}`)
    const model = finished ? await exportModel(folder) : null
    return { run: folder, finished, steps: step, seconds, validation, model }
  } catch (error) {
    progress.end()
    // Why it ended is the news, also where the disk then refuses to be tidied up.
    const discarded = await run.discardUntrained().catch(() => false)
    if (!isMendable(error)) throw error
    const next = discarded
      ? `Nothing is left in ${folder}: run the command again, with what has to change`
      : `To ${goOn}${error instanceof Diverged ? ` --learning-rate ${lower(run.config)}` : ''}`
    throw new UserError(`${error.message}\n${next}`, { cause: error })
  } finally {
    await run.close()
  }
}

/** A tenth of the learning rate. */
const lower = ({ learningRate }: AnyRunConfig): number => Number((learningRate.peak / 10).toPrecision(3))
