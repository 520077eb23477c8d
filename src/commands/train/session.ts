/** One session of training: progress on stderr until the end of the run or Ctrl-C, then the exported model. */
import { isUserError, UserError } from '../../shared/errors.js'
import { Diverged } from '../../train/run/divergence.js'
import type { TrainOptions, TrainResult } from '../../train/run/loop-types.js'
import type { EvaluationRow, Metrics } from '../../train/run/metrics.js'
import { type MetricFormatter, type Progress, showProgress } from '../../train/run/progress.js'
import type { Run } from '../../train/run/run-folder.js'
import { UnreadableImage } from '../../train/streaming/unreadable.js'
import { type AnyRunConfig, exportAnyRun } from '../../train/tasks.js'
import { interruptible } from '../shared/interrupt.js'
import { say, sayAll } from '../shared/say.js'

/** The result of a session, which commands print with --json. */
export interface TrainingSession<M extends Metrics> {
  run: string
  finished: boolean
  steps: number
  seconds: number
  /** The last evaluation; null: there was none. */
  validation: EvaluationRow<M> | null
  /** Path of the exported model; null: the run is not finished. */
  model: string | null
}

export interface SessionParts<M extends Metrics> {
  /** The command that resumes the run. */
  command: string
  /** What is trained on, for example `10000 images of 10 classes`. */
  data: string
  formatter: MetricFormatter<M>
  train: (options: TrainOptions<M>, progress: Progress<M>) => Promise<TrainResult>
}

/**
 * Trains, reports, exports, and closes the run.
 *
 * @throws UserError with how to continue, where the cause is one that a user can fix
 */
export async function runSession<M extends Metrics>(
  run: Run<AnyRunConfig>,
  { command, data, formatter, train }: SessionParts<M>,
): Promise<TrainingSession<M>> {
  const { folder } = run
  const resume = `npx toolkit ${command} --resume ${folder}`
  const progress = showProgress(process.stderr, formatter)
  let validation: EvaluationRow<M> | null = null
  try {
    const from = run.checkpoint === null ? '' : ` from step ${run.checkpoint.step}`
    say(`Training in ${folder}${from}: ${data}`)
    sayAll(run.edited)
    const onEvaluation = (row: EvaluationRow<M>): void => {
      validation = row
      progress.onEvaluation(row)
    }
    const result = await interruptible(
      (signal) =>
        train({ signal, onStep: progress.onStep, onEvaluation, onCheck: progress.onCheck }, progress),
      () =>
        progress.note('Stopping after the current step, with a checkpoint. Ctrl-C again exits immediately.'),
    )
    progress.end()
    const { finished, step, seconds } = result
    if (!finished)
      say(
        step === 0
          ? `Stopped ${folder} before its first step; begin with: ${resume}`
          : `Saved ${folder} at step ${step}; continue with: ${resume}`,
      )
    const model = finished ? (await exportAnyRun(folder)).path : null
    return { run: folder, finished, steps: step, seconds, validation, model }
  } catch (error) {
    progress.end()
    // The error is reported even when the files of the run cannot be removed.
    const discarded = await run.discardUntrained().catch(() => false)
    if (!isUserError(error)) throw error
    const next = discarded
      ? `Nothing is left in ${folder}: run the command again, with what has to change`
      : `Continue with: ${resume}${changeFor(error, run.config)}`
    throw new UserError(`${error.message}\n${next}`, { cause: error })
  } finally {
    await run.close()
  }
}

/** The flag with which a run goes on that has failed; empty where its cause is to be removed. */
function changeFor(error: unknown, config: AnyRunConfig): string {
  if (error instanceof Diverged) return ` --learning-rate ${lower(config)}`
  return error instanceof UnreadableImage ? ' --skip-unreadable' : ''
}

/** A tenth of the learning rate. */
const lower = ({ learningRate }: AnyRunConfig): number => Number((learningRate.peak / 10).toPrecision(3))
