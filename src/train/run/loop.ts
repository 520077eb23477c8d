/**
 * The training loop. Everything that a step depends on (images, their order and augmentation, learning rate,
 * progress, noise) is a function of the config and of the step's number, and everything that it changes is in the
 * state vectors. So a run that is resumed from a checkpoint is bit-identical to one that was never stopped.
 */

import type { CheckpointConfig, TrainingConfig } from '../settings/config.js'
import { learningRateAt, progressAt, totalSteps } from '../step/schedules.js'
import type { ParameterSlot, StateVectors } from '../step/step-types.js'
import { assertSameLayout, inferenceState } from './checkpoint.js'
import { brokenMetrics, brokenState, Diverged, whyDiverged } from './divergence.js'
import {
  type EvaluationRow,
  emptyWindow,
  type ImageSize,
  type Metrics,
  type StepMetrics,
  trainingRow,
  widen,
} from './metrics.js'
import { checkpointName, type Run } from './run-folder.js'

/** What the loop reads of a config. */
export type LoopConfig = Pick<TrainingConfig, 'length' | 'learningRate' | 'evaluateEvery' | 'checkpoint'>

/** What is trained: everything in which the tasks differ. `Batch` is the input of one step. */
export interface Task<M extends Metrics, Batch extends { imageSize: ImageSize }> {
  stepsPerEpoch: number
  imagesPerStep: number
  /** The batch of step `step`, from 0: a function of the config and of that number only. */
  prepare(step: number): Batch | Promise<Batch>
  /** Compiles the network for images of this size, with the initial weights of the run. */
  build(imageSize: Batch['imageSize']): Promise<TaskStep<M, Batch>>
  /** Changes the state before the first step; that state is the first checkpoint then. Null: the state stays. */
  begin: ((layout: ParameterSlot[], state: StateVectors) => StateVectors) | null
  /** Measures on the validation images; gives null when the signal is aborted. Null: there are no such images. */
  evaluate: ((state: StateVectors, signal?: AbortSignal) => Promise<M['evaluation'] | null>) | null
  /** Releases what the task holds besides its steps. */
  close(): Promise<void>
}

/** A compiled network together with its state. */
export interface TaskStep<M extends Metrics, Batch extends { imageSize: ImageSize }> {
  layout: ParameterSlot[]
  imageSize: Batch['imageSize']
  run(batch: Batch, place: StepPlace): Promise<StepMetrics<M>>
  state(): Promise<StateVectors>
  load(state: StateVectors): Promise<void>
  close(): Promise<void>
}

/** Everything that a step depends on besides its batch and the state. */
export interface StepPlace {
  learningRate: number
  /** Fraction of the run done, in [0, 1]. */
  progress: number
  /** Steps done before this one. */
  step: number
}

/** The report of a step. */
export interface StepReport<M extends Metrics> extends StepMetrics<M> {
  /** @deprecated The name of `metrics` in version 0.1. */
  figures: M['training']
  /** Steps done, this one included. */
  step: number
  /** Infinity under a time budget. */
  totalSteps: number
  stepsPerEpoch: number
  imagesPerStep: number
  learningRate: number
  /** Fraction of the run done, in [0, 1]. */
  progress: number
  /** Seconds trained, over all sessions. */
  seconds: number
}

export interface TrainOptions<M extends Metrics> {
  /** When it is aborted, the current step ends, a checkpoint is written, and training returns. */
  signal?: AbortSignal
  onStep?: (report: StepReport<M>) => void
  onEvaluation?: (row: EvaluationRow<M>) => void
  onCheckpoint?: (step: number) => void
}

/** The state of a run when training returns. */
export interface TrainResult {
  /** False when the signal stopped the run before its end. */
  finished: boolean
  step: number
  seconds: number
  layout: ParameterSlot[]
  state: StateVectors
}

/** Rows of training metrics for an epoch. Evaluations and checkpoints end a row early. */
const ROWS_PER_EPOCH = 20

/**
 * Trains `run` to its end, starting from its checkpoint if it has one.
 *
 * @throws Diverged when the loss or the weights are not finite any more or far too large; UserError when data and
 *   config do not fit, or a file cannot be written. The run can be resumed from its last checkpoint then
 */
export async function train<M extends Metrics, Batch extends { imageSize: ImageSize }>(
  run: Run<LoopConfig>,
  task: Task<M, Batch>,
  options: TrainOptions<M> = {},
): Promise<TrainResult> {
  const { config } = run
  const { stepsPerEpoch, imagesPerStep } = task
  const { signal } = options
  const total = totalSteps(config.length, stepsPerEpoch)
  const evaluateEvery = Math.max(1, Math.round(stepsPerEpoch * config.evaluateEvery))

  let done = run.checkpoint?.step ?? 0
  let evaluated = run.rows.filter((row) => row.kind === 'evaluation').at(-1)?.step ?? 0
  let window = emptyWindow
  let batch = await task.prepare(done)
  let step = await task.build(batch.imageSize)
  // The clock starts here, so that compiling does not count towards a time budget.
  const trainedBefore = run.checkpoint?.seconds ?? 0
  const start = performance.now()
  const secondsNow = (): number => trainedBefore + (performance.now() - start) / 1000
  const place = () => ({ step: done, epoch: done / stepsPerEpoch, stepsPerEpoch, seconds: secondsNow() })
  /** Of the last step. */
  let learningRate = learningRateAt(config.learningRate, config.length, place())
  let saved = { step: run.checkpoint?.step ?? null, seconds: trainedBefore }

  async function endWindow(): Promise<void> {
    const { step: at, epoch, seconds } = place()
    if (window.steps > 0)
      await run.append(
        trainingRow(window, { step: at, epoch, seconds }, { imagesPerStep, imageSize: step.imageSize }),
      )
    window = emptyWindow
  }

  /** A copy of the state. Throws {@link Diverged} when it is not finite. */
  async function finiteState(): Promise<StateVectors> {
    const state = await step.state()
    const broken = brokenState(state)
    if (broken === null) return state
    throw notFinite(run, saved.step, `At a learning rate of ${learningRate}, ${broken} after step ${done}`)
  }

  /** Waits for a session. Some operations fail on numbers that are not finite before a metric shows them. */
  async function computed<T>(result: Promise<T>, when: () => string): Promise<T> {
    try {
      return await result
    } catch (error) {
      const why = await whyDiverged(error, () => step.state())
      if (why === null) throw error
      throw notFinite(run, saved.step, `${why} ${when()}, at a learning rate of ${learningRate}`, error)
    }
  }

  async function save(): Promise<void> {
    await endWindow()
    const state = await finiteState()
    await run.save({ step: done, seconds: secondsNow(), layout: step.layout, state })
    saved = { step: done, seconds: secondsNow() }
    options.onCheckpoint?.(done)
  }

  async function validate(evaluate: NonNullable<Task<M, Batch>['evaluate']>): Promise<void> {
    await endWindow()
    const state = inferenceState(await finiteState())
    const metrics = await computed(evaluate(state, signal), () => `in the evaluation after step ${done}`)
    if (metrics === null) return
    const { step: at, epoch, seconds } = place()
    const row: EvaluationRow<M> = { kind: 'evaluation', step: at, epoch, seconds, ...metrics }
    await run.append(row)
    evaluated = done
    options.onEvaluation?.(row)
  }

  /** Compiles the network for images of another size, and moves the state to it. */
  async function resize(imageSize: Batch['imageSize']): Promise<void> {
    const resized = await task.build(imageSize)
    const old = step
    step = resized
    await resized.load(await old.state())
    await old.close()
  }

  try {
    if (run.checkpoint !== null) {
      assertSameLayout(run.checkpoint.layout, step.layout)
      await step.load(run.checkpoint.state)
    } else if (task.begin !== null) {
      await step.load(task.begin(step.layout, await step.state()))
      await save()
    }
    for (;;) {
      const finished = done >= total || progressAt(config.length, place()) >= 1
      const atEvaluation = finished || done % evaluateEvery === 0
      if (atEvaluation && done > evaluated && task.evaluate !== null) await validate(task.evaluate)
      const stop = finished || signal?.aborted === true
      const due = stop || checkpointDue(config.checkpoint, done, secondsNow() - saved.seconds)
      if (due && done > (saved.step ?? 0)) await save()
      if (stop) return { finished, ...place(), layout: step.layout, state: await step.state() }

      if (!sameSize(batch.imageSize, step.imageSize)) await resize(batch.imageSize)
      const began = performance.now()
      learningRate = learningRateAt(config.learningRate, config.length, place())
      const progress = progressAt(config.length, place())
      // The step runs in a thread of its own. Meanwhile this thread prepares the next batch.
      const [result, next] = await Promise.all([
        computed(step.run(batch, { learningRate, progress, step: done }), () => `at step ${done + 1}`),
        (async () => task.prepare(done + 1))(),
      ])
      const broken = brokenMetrics(result)
      if (broken !== null) {
        const what = `${broken} at step ${done + 1}, at a learning rate of ${learningRate}`
        throw notFinite(run, saved.step, what)
      }
      batch = next
      done += 1
      window = widen(window, result, learningRate, (performance.now() - began) / 1000)
      const reached = { ...place(), progress: progressAt(config.length, place()) }
      options.onStep?.({
        ...{ ...result, figures: result.metrics, ...reached },
        ...{ totalSteps: total, imagesPerStep, learningRate },
      })
      if (done % Math.ceil(stepsPerEpoch / ROWS_PER_EPOCH) === 0 || done % stepsPerEpoch === 0)
        await endWindow()
    }
  } finally {
    await step.close()
    await task.close()
  }
}

const sameSize = (a: ImageSize, b: ImageSize): boolean => String(a) === String(b)

function checkpointDue(checkpoint: CheckpointConfig, step: number, secondsSince: number): boolean {
  return (
    (checkpoint.steps !== null && step % checkpoint.steps === 0) ||
    (checkpoint.seconds !== null && secondsSince >= checkpoint.seconds)
  )
}

function notFinite(run: Run<LoopConfig>, savedStep: number | null, what: string, cause?: unknown): Diverged {
  return new Diverged(what, whereToGoOn(run, savedStep), { cause })
}

function whereToGoOn({ folder }: Run<LoopConfig>, savedStep: number | null): string {
  if (savedStep === null) return 'There is no checkpoint yet: start again'
  if (savedStep === 0) return 'There is no checkpoint yet except that of step 0: start again'
  return `The last good checkpoint is ${checkpointName(savedStep)} in ${folder}: continue from it`
}
