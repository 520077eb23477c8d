import { STATUS_CODES } from 'node:http'

/**
 * An error that the client receives as RFC 9457 `application/problem+json`. `detail` is one plain sentence that names
 * what is wrong and what to do.
 */
export class Problem extends Error {
  override name = 'Problem'

  constructor(
    readonly status: number,
    readonly detail: string,
    readonly headers: Record<string, string> = {},
    /** The rest of the request is not read: the connection is cut after the answer. */
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

/** The client closed the connection before it was answered: there is no one to answer. */
export class ClientGone extends Error {
  override name = 'ClientGone'
  override message = 'the client went away'
}

/** 503: the server has too much to do. @param seconds After which another attempt may succeed (`Retry-After`). */
export function overloaded(detail: string, seconds = 1): Problem {
  return new Problem(503, detail, { 'Retry-After': String(seconds) })
}

/** Any error as a problem. An unexpected error reveals nothing to the client; the log has its stack. */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error
  const status = (error as { status?: unknown }).status
  if (error instanceof Error && typeof status === 'number' && status >= 400 && status < 500)
    return new Problem(status, error.message)
  return new Problem(500, 'The server failed; its log says why.')
}
