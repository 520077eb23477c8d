/** What parts of the server report of their work; whoever counts it implements this. */

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

export interface ServeObserver {
  /** Images that wait for a model now. */
  queueLength(model: string, length: number): void
  /** Images that a model computes together in one run. */
  batchSize(model: string, size: number): void
  /** Time of one run of a model. */
  inferenceSeconds(model: string, seconds: number): void
  /** Time from an image's arrival to its pixels, waiting for a decoder included. */
  decodeSeconds(seconds: number): void
  /** A request was refused. */
  reject(reason: RejectReason): void
}

/** Counts nothing. */
export const noObserver: ServeObserver = {
  queueLength() {},
  batchSize() {},
  inferenceSeconds() {},
  decodeSeconds() {},
  reject() {},
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
