/** One child from its config to its figures, whatever its weights begin with. */

import { UserError } from '../../errors.js'
import { inferenceState } from '../../train/checkpoint.js'
import { type TrainClassifierOptions, trainClassifier } from '../../train/classification.js'
import type { RunConfig } from '../../train/config.js'
import { describeNetwork } from '../../train/describe.js'
import { Diverged } from '../../train/loop.js'
import type { EvaluationRow } from '../../train/metrics.js'
import { networkConfig } from '../../train/network.js'
import type { StateVectors } from '../../train/step-types.js'
import { unsavedRun } from '../../train/unsaved-run.js'
import type { Child, ChildResult } from '../child.js'
import type { Machine } from '../machine.js'
import { type Clock, startClock } from './clock.js'
import type { ChildData, ChildRecipe } from './recipe.js'

export interface MeasureOptions {
  config: RunConfig
  /** The search wants no answer any more. */
  signal: AbortSignal
  /** The child is to be stopped where it stands, and counted with what it has reached. */
  giveUp?: AbortSignal
  onEvaluation?: (row: EvaluationRow) => void
  begin?: TrainClassifierOptions['begin']
}

/** Who measured: told apart in the report when there are several. */
const worker = `${process.pid}`

/**
 * Trains and measures a child. A child that cannot be built, diverges or is refused by ONNX Runtime is a failed
 * result; an error of the machine or of the data is thrown.
 */
export async function measureChild(
  { id }: Child,
  { latency }: ChildRecipe,
  { train, validation }: ChildData,
  { threads }: Machine,
  { config, signal, giveUp, onEvaluation, begin }: MeasureOptions,
): Promise<ChildResult> {
  const clock = startClock(threads)
  const stop = giveUp === undefined ? signal : AbortSignal.any([signal, giveUp])
  let last: EvaluationRow | undefined
  try {
    const { multiplyAdds, parameters } = describeNetwork(
      networkConfig(config, train.classes.length),
      train.height,
    )
    const { state, finished } = await trainClassifier(
      unsavedRun(config),
      { train, validation },
      clock.compiler,
      {
        signal: stop,
        begin,
        onEvaluation(row) {
          last = row
          onEvaluation?.(row)
        },
      },
    )
    signal.throwIfAborted()
    if (last === undefined) throw new Error(`internal: child ${id} was never measured`)
    if (!Number.isFinite(last.loss))
      return { id, worker, kind: 'failed', reason: `The validation loss became ${last.loss}` }
    return {
      id,
      worker,
      kind: 'measured',
      measured: {
        quality: last.top1,
        parameters: parameters.trainable,
        multiplyAdds,
        ...(latency && { latencyMillis: await latencyOf(config, state, train, clock) }),
        ...(!finished && { stoppedEarly: true }),
        seconds: clock.seconds(),
      },
    }
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof Diverged) return { id, worker, kind: 'failed', reason: error.what }
    if (error instanceof UserError) throw error
    return { id, worker, kind: 'failed', reason: (error as Error).message.split('\n')[0] }
  }
}

/** Single images that are timed, after as many that are not. */
const TIMED_IMAGES = 11

/** Median milliseconds that the exported network takes for one image. */
async function latencyOf(
  config: RunConfig,
  state: StateVectors,
  { classes, height, pixels }: ChildData['train'],
  { compiler }: Clock,
): Promise<number> {
  const shapes = { batch: 1, imageSize: height, classes: classes.length }
  const predictor = await compiler.buildPredictor(config, inferenceState(state), shapes)
  const millis: number[] = []
  for (let i = 0; i < 2 * TIMED_IMAGES; i++) {
    const start = performance.now()
    await predictor.run(pixels.slice(0, height * height * 3), 1)
    millis.push(performance.now() - start)
  }
  await predictor.close()
  return millis.slice(TIMED_IMAGES).sort((a, b) => a - b)[TIMED_IMAGES >> 1]
}
