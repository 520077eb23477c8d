/** Trains and measures one child, from its config and any first weights. */
import type { RunConfig } from '../../train/classification/config.js'
import { describeNetwork } from '../../train/classification/describe.js'
import { networkConfig } from '../../train/classification/network.js'
import { type TrainClassifierOptions, trainClassifier } from '../../train/classification/train.js'
import { inferenceState } from '../../train/run/checkpoint.js'
import { unsavedRun } from '../../train/run/unsaved-run.js'
import type { StateVectors } from '../../train/step/step-types.js'
import type { EvaluationRow } from '../../train/tasks.js'
import type { Child, ChildResult } from './child.js'
import { type Clock, startClock } from './clock.js'
import type { Machine } from './machine.js'
import { latencyOf, outcomeOf } from './outcome.js'
import type { ChildData } from './recipe.js'
import type { ChildRecipe } from './settings.js'

export interface MeasureOptions {
  config: RunConfig
  /** The result is not needed any more. */
  signal: AbortSignal
  /** Stops the training early; the child counts with what it has reached. */
  stopEarly?: AbortSignal
  onEvaluation?: (row: EvaluationRow) => void
  begin?: TrainClassifierOptions['begin']
}

/** Trains and measures a child. Fails and throws as {@link outcomeOf} says. */
export function measureChild(
  { id }: Child,
  { latency }: ChildRecipe,
  { train, validation }: ChildData,
  { threads }: Machine,
  { config, signal, stopEarly, onEvaluation, begin }: MeasureOptions,
): Promise<ChildResult> {
  const clock = startClock(threads)
  const stop = stopEarly === undefined ? signal : AbortSignal.any([signal, stopEarly])
  return outcomeOf(id, signal, async () => {
    let last: EvaluationRow | undefined
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
    if (!Number.isFinite(last.loss)) return `The validation loss became ${last.loss}`
    return {
      quality: last.top1,
      parameters: parameters.trainable,
      multiplyAdds,
      ...(latency && { latencyMillis: await exportedLatency(config, state, train, clock) }),
      ...(!finished && { stoppedEarly: true }),
      seconds: clock.seconds(),
    }
  })
}

/** Median milliseconds that the exported network takes for one image. */
async function exportedLatency(
  config: RunConfig,
  state: StateVectors,
  { classes, height, pixels }: ChildData['train'],
  { compiler }: Clock,
): Promise<number> {
  const shapes = { batch: 1, imageSize: height, classes: classes.length }
  const predictor = await compiler.buildPredictor(config, inferenceState(state), shapes)
  const image = () => pixels.slice(0, height * height * 3)
  return latencyOf(() => predictor.run(image(), 1)).finally(() => predictor.close())
}
