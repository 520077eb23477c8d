import { STATUS_CODES } from 'node:http'

/**
 * An error that the client is told, as RFC 9457 `application/problem+json`. `detail` is one plain sentence
 * that names what was wrong and what to do.
 */
export class Problem extends Error {
  override name = 'Problem'

  constructor(
    readonly status: number,
    readonly detail: string,
    readonly headers: Record<string, string> = {},
    /** What still arrives of the request is not read: the connection is cut behind the answer. */
    readonly cut = false,
  ) {
    super(detail)
  }

  /** With no `type` of its own a problem is `about:blank` and its title is the status's phrase (RFC 9457, 4.2.1). */
  toJSON(): { type: string; title: string; status: number; detail: string } {
    return {
      type: 'about:blank',
      title: STATUS_CODES[this.status] ?? 'Error',
      status: this.status,
      detail: this.detail,
    }
  }
}

/** The client closed the connection before it was answered: there is nobody to tell. */
export class ClientGone extends Error {
  override name = 'ClientGone'
  override message = 'the client went away'
}

/** 503: too much is waiting already. A client that waits `seconds` has a fair chance. */
export function overloaded(detail: string, seconds = 1): Problem {
  return new Problem(503, detail, { 'Retry-After': String(seconds) })
}

/** Any error as a problem. What is neither ours nor the client's fault tells the client nothing of the inside. */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error
  const status = (error as { status?: unknown }).status
  if (error instanceof Error && typeof status === 'number' && status >= 400 && status < 500)
    return new Problem(status, error.message)
  return new Problem(500, 'The server failed; its log says why.')
}
