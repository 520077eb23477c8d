/** Training that has left the numbers: how it is noticed, and what is said about it. */
import { UserError } from '../../shared/errors.js'
import type { StateVectors } from '../step/step-types.js'
import { nonFiniteVector } from './checkpoint.js'
import type { Metrics, StepMetrics } from './metrics.js'

/** Loss, gradient or weights are no longer finite, or beyond all bounds. */
export class Diverged extends UserError {
  constructor(
    /** What is not finite, and since which step. */
    readonly what: string,
    /** Where the last good weights are. */
    advice: string,
    options?: ErrorOptions,
  ) {
    super(
      `${what}. ${advice} with a lower learning rate (--learning-rate) or stronger clipping (--clip)`,
      options,
    )
  }
}

/** No loss of a network that still learns is as large; its weights lead beyond float32 sooner or later. */
const LARGEST_LOSS = 1e9
/** Nor is a weight. */
const LARGEST_WEIGHT = 1e6

/** What is wrong with a step's metrics; null: nothing. */
export function brokenMetrics({ metrics: { loss }, gradientNorm }: StepMetrics<Metrics>): string | null {
  if (!(Math.abs(loss) <= LARGEST_LOSS)) return `The loss became ${shown(loss)}`
  if (!Number.isFinite(gradientNorm)) return `The gradient's norm became ${gradientNorm}`
  return null
}

/** What is wrong with the state; null: nothing. */
export function brokenState(state: StateVectors): string | null {
  const vector = nonFiniteVector(state)
  if (vector !== null) return `"${vector}" is no longer finite`
  const largest = state.parameters?.reduce((most, value) => Math.max(most, Math.abs(value)), 0) ?? 0
  return largest > LARGEST_WEIGHT ? `a weight is ${shown(largest)}` : null
}

/**
 * Why an error of a session means that training has diverged: some operations refuse numbers that are not finite, and
 * indices computed from such numbers lie outside of everything. Null where the error has another cause.
 *
 * @param readState the weights that it computed with; may fail where the session is gone
 */
export async function whyDiverged(
  error: unknown,
  readState: () => Promise<StateVectors>,
): Promise<string | null> {
  if (refusesNumbers(error)) return 'The network computed numbers that are not finite'
  if (error instanceof UserError) return null
  const state = await readState().catch(() => null)
  const broken = state && brokenState(state)
  return broken && `The network failed (${(error as Error).message.split('\n')[0]}), since ${broken}`
}

/** Whether ONNX Runtime refused numbers because they are not finite, here or where the error was caused. */
export function refusesNumbers(error: unknown): boolean {
  return (
    error instanceof Error && (/values must be finite/.test(error.message) || refusesNumbers(error.cause))
  )
}

const shown = (value: number): string => (Number.isFinite(value) ? value.toPrecision(3) : `${value}`)
