/** The result of a child whose evaluation ends or fails. */
import { UserError } from '../../shared/errors.js'
import { Diverged } from '../../train/run/divergence.js'
import type { ChildResult, Measured } from './child.js'

/** The process that measured: the report distinguishes several. */
const worker = `${process.pid}`

/**
 * The result of a child. One that cannot be built, diverges or is refused by ONNX Runtime is a failed result; an error
 * of the machine or of the data is thrown, and so is the reason of an aborted `signal`.
 *
 * @param measure returns a text, the reason, where the child failed
 */
export async function outcomeOf(
  id: number,
  signal: AbortSignal,
  measure: () => Promise<Measured | string>,
): Promise<ChildResult> {
  const failed = (reason: string): ChildResult => ({ id, worker, kind: 'failed', reason })
  try {
    const measured = await measure()
    return typeof measured === 'string' ? failed(measured) : { id, worker, kind: 'measured', measured }
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof Diverged) return failed(error.what)
    if (error instanceof UserError) throw error
    return failed((error as Error).message.split('\n')[0])
  }
}

/** Single images that are timed, after as many that are not. */
const TIMED_IMAGES = 11

/** Median milliseconds that one image takes. */
export async function latencyOf(runOnOne: () => Promise<unknown>): Promise<number> {
  const millis: number[] = []
  for (let i = 0; i < 2 * TIMED_IMAGES; i++) {
    const start = performance.now()
    await runOnOne()
    millis.push(performance.now() - start)
  }
  return millis.slice(TIMED_IMAGES).sort((a, b) => a - b)[TIMED_IMAGES >> 1]
}
