import type { RequestHandler } from 'express'

/** Takes one entry of the log. */
export type Log = (entry: Record<string, unknown>) => void

/** One line of JSON on stderr for each entry, with the time. */
export const logToStderr: Log = (entry) => {
  process.stderr.write(`${JSON.stringify({ time: new Date().toISOString(), ...entry })}\n`)
}

export const noLog: Log = () => {}

/** Logs each request once it is over; one whose client went away unanswered has status 499, as is the custom. */
export function logRequests(log: Log): RequestHandler {
  return (request, response, next) => {
    const start = performance.now()
    response.once('close', () => {
      log({
        event: 'request',
        method: request.method,
        path: request.originalUrl,
        status: response.headersSent ? response.statusCode : 499,
        milliseconds: Math.round((performance.now() - start) * 10) / 10,
        from: request.socket.remoteAddress,
      })
    })
    next()
  }
}
