/** Diverged training: how it is detected and reported. */
import { UserError } from '../../shared/errors.js'
import type { StateVectors } from '../step/step-types.js'
import { nonFiniteVector } from './checkpoint.js'
import type { Metrics, StepMetrics } from './metrics.js'

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
export function brokenMetrics({ metrics: { loss }, gradientNorm }: StepMetrics<Metrics>): string | null {
  if (!(Math.abs(loss) <= LARGEST_LOSS)) return `The loss became ${shown(loss)}`
  if (!Number.isFinite(gradientNorm)) return `The gradient's norm became ${gradientNorm}`
  return null
}

/** What shows in the state that training has diverged; null: nothing does. */
export function brokenState(state: StateVectors): string | null {
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
export async function whyDiverged(
  error: unknown,
  readState: () => Promise<StateVectors>,
): Promise<string | null> {
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
