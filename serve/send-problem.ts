/** How errors are answered, each protocol in its own form. */
import type { ErrorRequestHandler, Request, Response } from 'express'
import type { Log } from './log.js'
import { rejectReasonOf, type ServeObserver } from './metrics/observer.js'
import { ClientGone, Problem, toProblem } from './problem.js'

/** How long a client that is answered before it has sent everything may continue to send. */
const lingerMilliseconds = 1000

/** `application/problem+json`; below `/v2`, the Open Inference Protocol's `{"error": …}`. */
function bodyOf(problem: Problem, path: string): { type: string; body: Buffer } {
  const isProtocol = path === '/v2' || path.startsWith('/v2/')
  return {
    type: isProtocol ? 'application/json' : 'application/problem+json',
    body: Buffer.from(JSON.stringify(isProtocol ? { error: problem.detail } : problem)),
  }
}

/**
 * Sends an error. When the request has not fully arrived (too large, wrong type), the rest is read and discarded for a
 * moment, since a client whose connection is cut while it sends may never read the answer; then the connection is cut.
 */
function sendProblem(request: Request, response: Response, problem: Problem): void {
  const { type, body } = bodyOf(problem, request.path)
  response.status(problem.status).set(problem.headers)
  response.set({ 'Content-Type': type, 'Content-Length': String(body.length) })
  response.write(body)
  const end = () => {
    response.end(() => request.complete || request.socket.destroy())
  }
  if (request.complete || problem.cut) {
    end()
    return
  }
  const timer = setTimeout(end, lingerMilliseconds)
  request
    .once('end', end)
    .once('close', () => clearTimeout(timer))
    .resume()
}

/**
 * Express recognises an error handler by its four parameters.
 *
 * @internal
 */
export function onError(log: Log, observer: ServeObserver): ErrorRequestHandler {
  return (error: unknown, request, response, _next) => {
    if (error instanceof ClientGone) {
      response.destroy()
      return
    }
    const problem = toProblem(error)
    const reason = rejectReasonOf(problem.status)
    if (reason !== undefined) observer.reject(reason)
    // Overload shows as the status in the request's own line.
    if (problem.status >= 500 && problem.status !== 503)
      log({
        event: 'error',
        path: request.path,
        error: reasonOf(error),
        id: response.getHeader('X-Request-Id'),
      })
    if (response.headersSent) response.destroy()
    else sendProblem(request, response, problem)
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof Problem) return error.detail
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
