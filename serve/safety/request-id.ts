/** The id of a request: its client's own, so that it can be found in the logs of both sides, or a new one. */
import { randomUUID } from 'node:crypto'

/** Nothing that could break a line of a log or a header. */
const SANE = /^[\w.:/+=-]{1,128}$/

/** @param given The header `X-Request-Id`, of whatever content. */
export function requestIdOf(given: string | string[] | undefined): string {
  return typeof given === 'string' && SANE.test(given) ? given : randomUUID()
}
