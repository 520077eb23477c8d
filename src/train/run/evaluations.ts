/** The evaluations of a run: when one is due, which is the best, and whether training ends for want of a better one. */
import { BestSoFar } from './best-so-far.js'
import type { LoopConfig, Task } from './loop-types.js'
import type { EvaluationRow, ImageSize, Metrics } from './metrics.js'
import type { Run } from './run-folder.js'

export class Evaluations<M extends Metrics> {
  readonly #config: LoopConfig
  readonly #score: Task<M, { imageSize: ImageSize }>['score']
  /** Steps between them. */
  readonly #every: number
  /** The step of the last one. */
  #last = 0
  /** Of all, for early stopping. */
  readonly #scores = new BestSoFar()
  /** Of those whose weights could be kept. */
  readonly #kept = new BestSoFar()

  /** Begins with those that the run has already. */
  constructor(
    { config, rows, best }: Pick<Run<LoopConfig>, 'config' | 'rows' | 'best'>,
    { stepsPerEpoch, score }: Pick<Task<M, { imageSize: ImageSize }>, 'stepsPerEpoch' | 'score'>,
  ) {
    this.#config = config
    this.#score = score
    this.#every = Math.max(1, Math.round(stepsPerEpoch * config.evaluateEvery))
    for (const row of rows)
      if (row.kind === 'evaluation') {
        this.#last = row.step
        const scored = this.#scored(row as EvaluationRow<M>)
        if (scored === null) continue
        this.#scores.add(scored)
        if (row.step === best) this.#kept.add(scored)
      }
  }

  /** Whether the weights after `step` are to be evaluated; at the end of a run they always are. */
  isDue(step: number, atEnd: boolean): boolean {
    return (atEnd || step % this.#every === 0) && step > this.#last
  }

  /** Notes an evaluation. Returns whether its weights are the best, and to be kept. */
  add(row: EvaluationRow<M>): boolean {
    this.#last = row.step
    const scored = this.#scored(row)
    if (scored === null) return false
    this.#scores.add(scored)
    return this.#config.keep === 'best' && this.#kept.add(scored)
  }

  /** Evaluations since the best one. */
  get since(): number {
    return this.#scores.since
  }

  /** Whether there were so many without a higher score that training ends. */
  get endTraining(): boolean {
    const { earlyStopping } = this.#config
    return typeof earlyStopping === 'number' && this.since >= earlyStopping
  }

  #scored(row: EvaluationRow<M>) {
    return this.#score === undefined ? null : { step: row.step, score: this.#score(row) }
  }
}
