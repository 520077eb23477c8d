/**
 * The training loop. Everything that a step depends on (images, their order and augmentation, learning rate,
 * progress, noise) is a function of the config and of the step's number, and everything that it changes is in the
 * state vectors. So a run that is resumed from a checkpoint is bit-identical to one that was never stopped.
 */

import { isUserError } from '../../shared/errors.js'
import type { CheckpointConfig } from '../settings/config.js'
import { learningRateAt, progressAt, totalSteps } from '../step/schedules.js'
import { CheckClock } from './check-clock.js'
import { assertSameLayout, inferenceState } from './checkpoint.js'
import { Diverged, DivergenceWatch } from './divergence.js'
import { Evaluations } from './evaluations.js'
import type { LoopConfig, Task, TaskStep, TrainOptions, TrainResult } from './loop-types.js'
import {
  type CheckRow,
  type EvaluationRow,
  emptyWindow,
  type ImageSize,
  type Metrics,
  type MetricsWindow,
  trainingRow,
  widen,
} from './metrics.js'
import type { Run } from './run-folder.js'

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
  try {
    const { step: first = 0, seconds = 0 } = run.checkpoint ?? {}
    const { stepsPerEpoch } = task
    const progress = progressAt(run.config.length, { step: first, stepsPerEpoch, seconds })
    const batch = await task.prepare(first, progress)
    const step = await task.build(batch.imageSize)
    return await new TrainingLoop(run, task, options, batch, step).run()
  } finally {
    await task.close()
  }
}

class TrainingLoop<M extends Metrics, Batch extends { imageSize: ImageSize }> {
  readonly #run: Run<LoopConfig>
  readonly #task: Task<M, Batch>
  readonly #options: TrainOptions<M>
  readonly #totalSteps: number
  readonly #evaluations: Evaluations<M>
  readonly #watch: DivergenceWatch
  readonly #trainedBefore: number
  readonly #start = performance.now()
  /** The batch of the next step, or why there is none. */
  #next: { batch: Batch } | { error: unknown }
  #step: TaskStep<M, Batch>
  /** Steps done. */
  #done: number
  readonly #checks: CheckClock
  /** Of the last step. */
  #learningRate: number
  #stepSeconds = 0
  #saved: { step: number | null; seconds: number }
  #window: MetricsWindow = emptyWindow

  /** The clock starts here, so that compiling `step` has not counted towards a time budget. */
  constructor(
    run: Run<LoopConfig>,
    task: Task<M, Batch>,
    options: TrainOptions<M>,
    batch: Batch,
    step: TaskStep<M, Batch>,
  ) {
    this.#run = run
    this.#task = task
    this.#options = options
    this.#next = { batch }
    this.#step = step
    this.#totalSteps = totalSteps(run.config.length, task.stepsPerEpoch)
    this.#evaluations = new Evaluations(run, task)
    this.#watch = new DivergenceWatch(
      run.folder,
      () => ({ step: this.#done, learningRate: this.#learningRate, saved: this.#saved.step }),
      () => this.#step.state(),
    )
    this.#trainedBefore = run.checkpoint?.seconds ?? 0
    this.#done = run.checkpoint?.step ?? 0
    this.#saved = { step: run.checkpoint?.step ?? null, seconds: this.#trainedBefore }
    this.#checks = new CheckClock(run.config.checkMinutes ?? null, this.#trainedBefore)
    this.#learningRate = this.#scheduledRate()
  }

  async run(): Promise<TrainResult> {
    const { signal } = this.#options
    try {
      await this.#begin()
      for (;;) {
        const finished = this.#done >= this.#totalSteps || this.#progress() >= 1
        if (this.#task.evaluate !== null && this.#evaluations.isDue(this.#done, finished))
          await this.#validate(this.#task.evaluate)
        else if (this.#task.check && this.#checkIsDue(this.#task.check)) await this.#check(this.#task.check)
        const early = !finished && this.#evaluations.endTraining
        if (early) this.#options.onEarlyStop?.(this.#evaluations.since)
        const stop = finished || early || signal?.aborted === true
        // The steps that were computed are not lost with the images of one that cannot be.
        const failed = 'error' in this.#next
        if ((stop || failed || this.#checkpointIsDue()) && this.#done > (this.#saved.step ?? 0))
          await this.#save()
        if (stop) {
          const { step, seconds } = this.#place()
          return {
            finished: finished || early,
            step,
            seconds,
            layout: this.#step.layout,
            state: await this.#step.state(),
          }
        }
        if ('error' in this.#next) throw this.#next.error
        const { batch } = this.#next
        if (!sameSize(batch.imageSize, this.#step.imageSize)) await this.#resize(batch.imageSize)
        await this.#advance(batch)
      }
    } finally {
      await this.#step.close()
    }
  }

  #place() {
    const { stepsPerEpoch } = this.#task
    const seconds = this.#trainedBefore + (performance.now() - this.#start) / 1000
    return { step: this.#done, epoch: this.#done / stepsPerEpoch, stepsPerEpoch, seconds }
  }

  #progress(): number {
    return progressAt(this.#run.config.length, this.#place())
  }

  #scheduledRate(): number {
    const { learningRate, length } = this.#run.config
    return learningRateAt(learningRate, length, this.#place())
  }

  /** Loads the state of the checkpoint, or lets the task change that of a new run. */
  async #begin(): Promise<void> {
    const { checkpoint } = this.#run
    const { begin } = this.#task
    if (checkpoint !== null) {
      assertSameLayout(checkpoint.layout, this.#step.layout)
      await this.#step.load(checkpoint.state)
    } else if (begin !== null) {
      await this.#step.load(begin(this.#step.layout, await this.#step.state()))
      await this.#save()
    }
  }

  /** Trains one step, and prepares the batch of the next. */
  async #advance(batch: Batch): Promise<void> {
    const { stepsPerEpoch, imagesPerStep, reportsWaiting = false } = this.#task
    const began = performance.now()
    this.#learningRate = this.#scheduledRate()
    const place = { learningRate: this.#learningRate, progress: this.#progress(), step: this.#done }
    const number = this.#done + 1
    // The step runs in a thread of its own. Meanwhile this thread prepares the next batch.
    const then = progressAt(this.#run.config.length, { ...this.#place(), step: number })
    const preparing = (async () => this.#task.prepare(number, then))().then(
      (batch) => ({ batch }),
      (error: unknown) => ({ error }),
    )
    const result = await this.#watch.computed(this.#step.run(batch, place), () => `at step ${number}`)
    const computed = performance.now()
    this.#next = await preparing
    const ended = performance.now()
    const seconds = (ended - began) / 1000
    const waited = (ended - computed) / 1000 + (result.waited ?? 0)
    this.#watch.check(result, number)
    this.#done = number
    this.#stepSeconds = seconds
    this.#window = widen(this.#window, result, this.#learningRate, { seconds, waited })
    const { metrics, gradientNorm } = result
    this.#options.onStep?.({
      ...{ metrics, gradientNorm, figures: metrics, ...this.#place(), progress: this.#progress() },
      ...(reportsWaiting && { waiting: waited / seconds }),
      ...{ totalSteps: this.#totalSteps, imagesPerStep, learningRate: this.#learningRate },
    })
    if (number % Math.ceil(stepsPerEpoch / ROWS_PER_EPOCH) === 0 || number % stepsPerEpoch === 0)
      await this.#endWindow()
  }

  async #endWindow(): Promise<void> {
    const { imagesPerStep, reportsWaiting = false } = this.#task
    const { step, epoch, seconds } = this.#place()
    if (this.#window.steps > 0)
      await this.#run.append(
        trainingRow(
          this.#window,
          { step, epoch, seconds },
          { imagesPerStep, imageSize: this.#step.imageSize, reportsWaiting },
        ),
      )
    this.#window = emptyWindow
  }

  #checkpointIsDue(): boolean {
    const { steps, seconds }: CheckpointConfig = this.#run.config.checkpoint
    const secondsSince = this.#place().seconds - this.#saved.seconds
    return (steps !== null && this.#done % steps === 0) || (seconds !== null && secondsSince >= seconds)
  }

  async #save(): Promise<void> {
    await this.#endWindow()
    const state = await this.#watch.finiteState()
    const { step, seconds } = this.#place()
    await this.#run.save({ step, seconds, layout: this.#step.layout, state })
    this.#saved = { step, seconds: this.#place().seconds }
    this.#options.onCheckpoint?.(step)
  }

  async #validate(evaluate: NonNullable<Task<M, Batch>['evaluate']>): Promise<void> {
    await this.#endWindow()
    const { state, metrics } = await this.#measure(evaluate)
    if (metrics === null) return
    const { step, epoch, seconds } = this.#place()
    this.#checks.evaluated(seconds)
    const row: EvaluationRow<M> = { kind: 'evaluation', step, epoch, seconds, ...metrics }
    await this.#run.append(row)
    this.#options.onEvaluation?.(row)
    if (!this.#evaluations.add(row)) return
    await this.#run.saveBest({ step, seconds, layout: this.#step.layout, state })
    // With it, a run that goes on has this evaluation too.
    if (step > (this.#saved.step ?? 0)) await this.#save()
  }

  /** The metrics of the weights as they are now; null when the signal is aborted meanwhile. */
  async #measure(evaluate: NonNullable<Task<M, Batch>['evaluate']>) {
    const state = inferenceState(await this.#watch.finiteState())
    const metrics = await this.#watch
      .computed(evaluate(state, this.#options.signal), () => `in the evaluation after step ${this.#done}`)
      .catch(async (error) => {
        // The steps are not lost with an evaluation that its data prevents: a resumed run evaluates first.
        if (isUserError(error) && !(error instanceof Diverged) && this.#done > (this.#saved.step ?? 0))
          await this.#save()
        throw error
      })
    return { state, metrics }
  }

  /** Before the first quick look, a measured image counts as one that is trained on. */
  #checkIsDue({ images }: { images: number }): boolean {
    const estimate = (images * this.#stepSeconds) / this.#task.imagesPerStep
    return this.#stepSeconds > 0 && this.#checks.isDue(this.#place().seconds, estimate)
  }

  async #check({ evaluate }: NonNullable<Task<M, Batch>['check']>): Promise<void> {
    const { seconds: began } = this.#place()
    const { metrics } = await this.#measure(evaluate)
    const { step, epoch, seconds } = this.#place()
    this.#checks.looked(began, seconds)
    if (metrics === null) return
    const row: CheckRow<M> = { kind: 'check', step, epoch, seconds, ...metrics }
    await this.#run.append(row)
    this.#options.onCheck?.(row)
  }

  /** Compiles the network for images of another size, and moves the state to it. */
  async #resize(imageSize: Batch['imageSize']): Promise<void> {
    const old = this.#step
    const resized = await this.#task.build(imageSize)
    this.#step = resized
    await resized.load(await old.state())
    await old.close()
  }
}

const sameSize = (a: ImageSize, b: ImageSize): boolean => String(a) === String(b)
