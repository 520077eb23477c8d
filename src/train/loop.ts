/**
 * The training loop. All that a step depends on (images, their order and augmentation, learning rate,
 * progress, noise) is a function of the config and the step's number, and all that it changes is in the
 * state vectors: so a run resumed from a checkpoint goes on bit for bit as if it had never stopped.
 */
import type { ImageSet } from '../../datasets/image-set.js'
import { UserError } from '../errors.js'
import { makeBatches } from './batches.js'
import { assertSameLayout, inferenceState, nonFiniteVector } from './checkpoint.js'
import type { RunConfig } from './config.js'
import { evaluate } from './evaluate.js'
import { type EvaluationRow, emptyWindow, trainingRow, widen } from './metrics.js'
import { checkpointName, type Run } from './run-folder.js'
import { learningRateAt, progressAt, totalSteps } from './schedules.js'
import type { ParameterSlot, Predictor, StateVectors, StepResult, TrainStep } from './step-types.js'

/** What the loop needs built for it: compiled steps and predictors. */
export interface Compiler {
  buildTrainStep(config: RunConfig, shapes: { imageSize: number; classes: number }): Promise<TrainStep>
  buildPredictor(
    config: RunConfig,
    state: StateVectors,
    shapes: { batch: number; imageSize: number; classes: number },
  ): Promise<Predictor>
}

export interface TrainingData {
  train: ImageSet
  /** Measured while training; null: nothing is. */
  validation: ImageSet | null
}

/** What is told after every step. */
export interface StepReport extends StepResult {
  /** Steps done, this one included. */
  step: number
  /** Infinity under a time budget. */
  totalSteps: number
  stepsPerEpoch: number
  batchSize: number
  learningRate: number
  /** Fraction of the run done, in [0, 1]. */
  progress: number
  /** Seconds trained, over all sittings. */
  seconds: number
}

export interface TrainOptions {
  /** Aborting it lets the running step end, writes a checkpoint and returns. */
  signal?: AbortSignal
  onStep?: (report: StepReport) => void
  onEvaluation?: (row: EvaluationRow) => void
  onCheckpoint?: (step: number) => void
}

export interface TrainResult {
  /** False when the signal stopped the run before its end. */
  finished: boolean
  step: number
  seconds: number
  layout: ParameterSlot[]
  state: StateVectors
}

/** Training rows in an epoch's metrics; evaluations and checkpoints end a row early. */
const ROWS_PER_EPOCH = 20

/**
 * Trains `run` to its end, from its checkpoint if it has one.
 *
 * @throws UserError when the loss or the weights stop being finite, when data and config do not fit, or when
 *   the disk refuses; the run then stands at its last checkpoint
 */
export async function train(
  run: Run,
  data: TrainingData,
  compiler: Compiler,
  options: TrainOptions = {},
): Promise<TrainResult> {
  const { config } = run
  const { batchSize } = config
  const { signal } = options
  const side = data.train.height
  const classes = data.train.classes.length
  const { stepsPerEpoch, batch: prepare } = makeBatches(config, data.train)
  const total = totalSteps(config.length, stepsPerEpoch)

  let done = run.checkpoint?.step ?? 0
  let evaluated = run.rows.filter((row) => row.kind === 'evaluation').at(-1)?.step ?? 0
  let window = emptyWindow
  let batch = prepare(done)
  let step = await compiler.buildTrainStep(config, { imageSize: batch.imageSize, classes })
  // The clock runs from here, so that compiling costs a time budget nothing.
  const trainedBefore = run.checkpoint?.seconds ?? 0
  const start = performance.now()
  const secondsNow = (): number => trainedBefore + (performance.now() - start) / 1000
  let saved = { step: done, seconds: trainedBefore }

  const place = () => ({ step: done, epoch: done / stepsPerEpoch, stepsPerEpoch, seconds: secondsNow() })

  async function endWindow(): Promise<void> {
    const { step: at, epoch, seconds } = place()
    if (window.steps > 0) await run.append(trainingRow(window, { step: at, epoch, seconds }, step))
    window = emptyWindow
  }

  async function save(): Promise<void> {
    await endWindow()
    const state = await step.state()
    const broken = nonFiniteVector(state)
    if (broken !== null)
      throw notFinite(run, saved.step, `"${broken}" is no longer finite after step ${done}`)
    await run.save({ step: done, seconds: secondsNow(), layout: step.layout, state })
    saved = { step: done, seconds: secondsNow() }
    options.onCheckpoint?.(done)
  }

  async function validate(set: ImageSet): Promise<void> {
    await endWindow()
    const shapes = { batch: batchSize, imageSize: side, classes }
    const predictor = await compiler.buildPredictor(config, inferenceState(await step.state()), shapes)
    const figures = await evaluate(predictor, set, { batchSize, signal }).finally(() => predictor.close())
    if (figures === null) return
    const { step: at, epoch, seconds } = place()
    const { loss, top1, top5, images } = figures
    const row: EvaluationRow = { kind: 'evaluation', step: at, epoch, seconds, loss, top1, top5, images }
    await run.append(row)
    evaluated = done
    options.onEvaluation?.(row)
  }

  /** The same network for images of another size, going on with the state of the one before. */
  async function resize(imageSize: number): Promise<void> {
    const resized = await compiler.buildTrainStep(config, { imageSize, classes })
    const old = step
    step = resized
    await resized.load(await old.state())
    await old.close()
  }

  try {
    if (run.checkpoint !== null) {
      assertSameLayout(run.checkpoint.layout, step.layout)
      await step.load(run.checkpoint.state)
    }
    for (;;) {
      const finished = done >= total || progressAt(config.length, place()) >= 1
      const atEvaluation = finished || done % (stepsPerEpoch * config.evaluateEvery) === 0
      if (atEvaluation && done > evaluated && data.validation !== null) await validate(data.validation)
      const stop = finished || signal?.aborted === true
      const due = stop || checkpointDue(config, done, secondsNow() - saved.seconds)
      if (due && done > saved.step) await save()
      if (stop) return { finished, ...place(), layout: step.layout, state: await step.state() }

      if (batch.imageSize !== step.imageSize) await resize(batch.imageSize)
      const began = performance.now()
      const learningRate = learningRateAt(config.learningRate, config.length, place())
      const progress = progressAt(config.length, place())
      // The step computes in a thread of its own; meanwhile this one prepares the next batch.
      const [result, next] = await Promise.all([
        step.run({ images: batch.images, labels: batch.labels, learningRate, progress, step: done }),
        (async () => prepare(done + 1))(),
      ])
      if (!Number.isFinite(result.loss) || !Number.isFinite(result.gradientNorm))
        throw notFinite(run, saved.step, describeFailure(done + 1, result, learningRate))
      batch = next
      done += 1
      window = widen(window, result, learningRate, (performance.now() - began) / 1000)
      const reached = { ...place(), progress: progressAt(config.length, place()) }
      options.onStep?.({ ...result, ...reached, totalSteps: total, batchSize, learningRate })
      if (done % Math.ceil(stepsPerEpoch / ROWS_PER_EPOCH) === 0 || done % stepsPerEpoch === 0)
        await endWindow()
    }
  } finally {
    await step.close()
  }
}

function checkpointDue({ checkpoint }: RunConfig, step: number, secondsSince: number): boolean {
  return (
    (checkpoint.steps !== null && step % checkpoint.steps === 0) ||
    (checkpoint.seconds !== null && secondsSince >= checkpoint.seconds)
  )
}

function describeFailure(step: number, { loss, gradientNorm }: StepResult, learningRate: number): string {
  const what = Number.isFinite(loss)
    ? `The gradient's norm became ${gradientNorm}`
    : `The loss became ${loss}`
  return `${what} at step ${step}, at a learning rate of ${learningRate}`
}

function notFinite(run: Run, savedStep: number, what: string): UserError {
  const last =
    savedStep === 0
      ? 'There is no checkpoint yet: begin again'
      : `The last good checkpoint is ${checkpointName(savedStep)} in ${run.folder}: go on from it`
  return new UserError(`${what}. ${last} with a lower learning rate or stronger clipping`)
}
