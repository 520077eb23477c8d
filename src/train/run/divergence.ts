/** Diverged training: how it is detected and reported. */
import { UserError } from '../../shared/errors.js'
import type { StateVectors } from '../step/step-types.js'
import { nonFiniteVector } from './checkpoint.js'
import type { Metrics, StepMetrics } from './metrics.js'
import { checkpointName } from './run-folder.js'

/** Loss, gradient or weights are not finite any more, or far too large. */
export class Diverged extends UserError {
  constructor(
    /** What is not finite, and from which step on. */
    readonly what: string,
    /** How to continue, as the beginning of a sentence. */
    advice: string,
    options?: ErrorOptions,
  ) {
    super(
      `${what}. ${advice} with a lower learning rate (--learning-rate) or stronger clipping (--clip)`,
      options,
    )
  }
}

/** A loss above this means divergence: no network that still learns has one, and its weights will overflow float32. */
const LARGEST_LOSS = 1e9
/** A weight above this means divergence. */
const LARGEST_WEIGHT = 1e6

/** What shows in the metrics of a step that training has diverged; null: nothing does. */
function brokenMetrics({ metrics: { loss }, gradientNorm }: StepMetrics<Metrics>): string | null {
  if (!(Math.abs(loss) <= LARGEST_LOSS)) return `The loss became ${shown(loss)}`
  if (!Number.isFinite(gradientNorm)) return `The gradient's norm became ${gradientNorm}`
  return null
}

/** What shows in the state that training has diverged; null: nothing does. */
function brokenState(state: StateVectors): string | null {
  const vector = nonFiniteVector(state)
  if (vector !== null) return `"${vector}" is no longer finite`
  const largest = state.parameters?.reduce((most, value) => Math.max(most, Math.abs(value)), 0) ?? 0
  return largest > LARGEST_WEIGHT ? `a weight is ${shown(largest)}` : null
}

/**
 * Explains an error of a session by divergence: some operations reject numbers that are not finite, and indices
 * computed from such numbers are out of range. Null when the error has another cause.
 *
 * @param readState reads the weights that the session computed with; it may fail when the session has ended
 */
async function whyDiverged(error: unknown, readState: () => Promise<StateVectors>): Promise<string | null> {
  if (rejectsNonFinite(error)) return 'The network computed numbers that are not finite'
  if (error instanceof UserError) return null
  const state = await readState().catch(() => null)
  const broken = state && brokenState(state)
  return broken && `The network failed (${(error as Error).message.split('\n')[0]}), since ${broken}`
}

/** Whether ONNX Runtime rejected numbers that are not finite, in this error or in its cause. */
export function rejectsNonFinite(error: unknown): boolean {
  return (
    error instanceof Error && (/values must be finite/.test(error.message) || rejectsNonFinite(error.cause))
  )
}

const shown = (value: number): string => (Number.isFinite(value) ? value.toPrecision(3) : `${value}`)

/** Where training is, for a message. */
interface Place {
  /** Steps done. */
  step: number
  learningRate: number
  /** The step of the last checkpoint; null: there is none. */
  saved: number | null
}

/** Watches what a run computes, and throws {@link Diverged} with where to continue. */
export class DivergenceWatch {
  readonly #folder: string
  readonly #place: () => Place
  readonly #state: () => Promise<StateVectors>

  /** @param state reads the present weights */
  constructor(folder: string, place: () => Place, state: () => Promise<StateVectors>) {
    this.#folder = folder
    this.#place = place
    this.#state = state
  }

  /** The present state, when it is finite. */
  async finiteState(): Promise<StateVectors> {
    const state = await this.#state()
    const broken = brokenState(state)
    if (broken === null) return state
    const { learningRate, step } = this.#place()
    throw this.#diverged(`At a learning rate of ${learningRate}, ${broken} after step ${step}`)
  }

  /** Waits for a session. Some operations fail on numbers that are not finite before a metric shows them. */
  async computed<T>(result: Promise<T>, when: () => string): Promise<T> {
    try {
      return await result
    } catch (error) {
      const why = await whyDiverged(error, this.#state)
      if (why === null) throw error
      throw this.#diverged(`${why} ${when()}, at a learning rate of ${this.#place().learningRate}`, error)
    }
  }

  /** Looks at the metrics of step `number`. */
  check(metrics: StepMetrics<Metrics>, number: number): void {
    const broken = brokenMetrics(metrics)
    if (broken === null) return
    throw this.#diverged(`${broken} at step ${number}, at a learning rate of ${this.#place().learningRate}`)
  }

  #diverged(what: string, cause?: unknown): Diverged {
    return new Diverged(what, whereToContinue(this.#folder, this.#place().saved), { cause })
  }
}

function whereToContinue(folder: string, saved: number | null): string {
  if (saved === null) return 'There is no checkpoint yet: start again'
  if (saved === 0) return 'There is no checkpoint yet except that of step 0: start again'
  return `The last good checkpoint is ${checkpointName(saved)} in ${folder}: continue from it`
}
