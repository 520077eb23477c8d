/** What all stages have in common: what they are given, and how they report on a training. */
import { performance } from 'node:perf_hooks'
import type { TrainOptions } from '../train/run/loop-types.js'
import type { Metrics } from '../train/run/metrics.js'
import type { MetricFormatter } from '../train/run/progress.js'
import type { StageResults } from './chain-folder.js'
import type { StageName } from './plan.js'
import type { StageClock } from './stage-clock.js'
import type { StageNews, StageOrder } from './stage-messages.js'

export interface StageContext extends StageOrder {
  clock: StageClock
  report(news: StageNews): void
}

/**
 * The work of a stage, from where it was left. Gives null when a person stopped it; everything is saved then.
 *
 * @throws UserError when it cannot be done
 */
export type Stage<S extends StageName> = (context: StageContext) => Promise<StageResults[S] | null>

/** Milliseconds between two reports of progress. */
const INTERVAL = 500

/** Options for training that report its progress, and export the model with each checkpoint. */
export class TrainingReporter<M extends Metrics> {
  readonly options: TrainOptions<M>
  readonly #exportModel: () => Promise<{ path: string }>
  readonly #report: StageContext['report']
  #reportedAt = Number.NEGATIVE_INFINITY
  #exporting: Promise<void> | null = null

  constructor(
    { clock, report }: StageContext,
    formatter: MetricFormatter<M>,
    exportModel: () => Promise<{ path: string }>,
  ) {
    this.#exportModel = exportModel
    this.#report = report
    this.options = {
      signal: clock.signal,
      onStep: ({ step, progress, metrics }) => {
        clock.hasResult()
        if (performance.now() - this.#reportedAt < INTERVAL) return
        this.#reportedAt = performance.now()
        const text = [`step ${step}`, ...formatter.training(metrics)].join(' · ')
        report({ kind: 'progress', done: progress, text })
        report({ kind: 'grown' })
      },
      onEvaluation: (row) => {
        report({ kind: 'note', text: formatter.evaluation(row) })
        report({ kind: 'grown' })
      },
      onCheckpoint: (step) => {
        if (step === 0 || clock.signal.aborted) return
        // One at a time: where an export takes longer than a checkpoint is away, the next is left out.
        this.#exporting ??= this.export().finally(() => {
          this.#exporting = null
        })
      },
    }
  }

  /** Exports what the run has kept so far, and says so. */
  async export(): Promise<void> {
    const { path } = await this.#exportModel()
    this.#report({ kind: 'model', path })
  }

  /** Waits for an export that a checkpoint began. */
  async settled(): Promise<void> {
    await this.#exporting
  }
}
