/** Several images of one request, computed side by side. */
import type { Inference, Reservation } from './inference.js'
import type { Task } from './outputs.js'
import { Problem } from './problem.js'

/**
 * Reserves places for all, so that overload shows before any work, and computes them. The first that fails ends the
 * others.
 *
 * @param work One image's computation.
 * @throws Problem 503 of `reserve`; what `work` throws, with the image's number where there are several
 */
export async function computeAll<T extends Task, R>(
  inference: Inference<T>,
  count: number,
  signal: AbortSignal,
  work: (reservation: Reservation<T>, index: number, signal: AbortSignal) => Promise<R>,
): Promise<R[]> {
  const reservations: Reservation<T>[] = []
  const failed = new AbortController()
  const either = count > 1 ? AbortSignal.any([signal, failed.signal]) : signal
  try {
    for (let i = 0; i < count; i++) reservations.push(inference.reserve())
    return await Promise.all(
      reservations.map(async (reservation, index) => {
        try {
          return await work(reservation, index, either)
        } catch (error) {
          failed.abort(new Error('another image of the request failed'))
          throw count > 1 && error instanceof Problem ? numbered(error, index, count) : error
        }
      }),
    )
  } finally {
    for (const reservation of reservations) reservation.release()
  }
}

function numbered({ status, detail, headers }: Problem, index: number, count: number): Problem {
  return new Problem(status, `Image ${index + 1} of ${count}: ${detail}`, headers)
}
