/** What the handling of requests reports of its work; whoever counts it implements this. */

/** Why a request was not answered with what it asked for. */
export type RejectReason =
  | 'key'
  | 'rate'
  | 'request'
  | 'too_large'
  | 'image'
  | 'timeout'
  | 'overload'
  | 'failure'

/** What requests report, beside what models do (`InferenceObserver`). */
export interface ServeObserver {
  /** Time from an image's arrival to its pixels, waiting for a decoder included. */
  decodeSeconds(seconds: number): void
  /** A request was refused. */
  reject(reason: RejectReason): void
}

/** The reason that goes with a status of an answer; undefined for an answer that is no refusal. */
export function rejectReasonOf(status: number): RejectReason | undefined {
  if (status < 400) return undefined
  return REASONS[status] ?? (status < 500 ? 'request' : 'failure')
}

const REASONS: Partial<Record<number, RejectReason>> = {
  401: 'key',
  408: 'timeout',
  413: 'too_large',
  415: 'image',
  422: 'image',
  429: 'rate',
  503: 'overload',
}
