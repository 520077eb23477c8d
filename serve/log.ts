import { fstatSync, writeSync } from 'node:fs'
import type { RequestHandler } from 'express'

/** Takes one entry of the log. */
export type Log = (entry: Record<string, unknown>) => void

export const noLog: Log = () => {}

/** Bytes that wait at most for a reader that does not read; further lines are dropped and counted. */
const MAX_WAITING = 2 ** 20

/** One line of JSON on stderr for each entry, with the time. A log that cannot be written never stops the server. */
export const logToStderr: Log = (entry) => {
  write ??= isStream() ? streamWriter() : writeFile
  write(entry)
}

let write: Log | undefined

function line(entry: Record<string, unknown>): string {
  return `${JSON.stringify({ time: new Date().toISOString(), ...entry })}\n`
}

/** Files and terminals accept a line at once; a pipe or socket may block the writer. */
function isStream(): boolean {
  try {
    const stat = fstatSync(2)
    return stat.isFIFO() || stat.isSocket()
  } catch {
    return false
  }
}

/** While the disk is full, lines are lost. */
function writeFile(entry: Record<string, unknown>): void {
  try {
    writeSync(2, line(entry))
  } catch {
    // There is nowhere else to report it.
  }
}

function streamWriter(): Log {
  const { stderr } = process
  let dropped = 0
  // The reader is gone: further lines are lost.
  stderr.on('error', () => {})
  return (entry) => {
    if (stderr.destroyed) return
    if (stderr.writableLength > MAX_WAITING) {
      dropped++
      return
    }
    if (dropped > 0)
      stderr.write(
        line({ event: 'log', message: `${dropped} lines were dropped because they were not read.` }),
      )
    dropped = 0
    stderr.write(line(entry))
  }
}

/**
 * Logs each request once it is over; one whose client went away unanswered has status 499, as is the custom, and one
 * whose answer was not read to its end is marked `cut`.
 *
 * @internal
 */
export function logRequests(log: Log): RequestHandler {
  return (request, response, next) => {
    const start = performance.now()
    // Node also emits "finish" for answers that were cut by the end of their connection.
    let finished = false
    response.once('finish', () => {
      finished = !request.socket.destroyed
    })
    response.once('close', () => {
      log({
        event: 'request',
        method: request.method,
        path: request.originalUrl,
        status: response.headersSent ? response.statusCode : 499,
        ...(response.headersSent && !finished ? { cut: true } : {}),
        milliseconds: Math.round((performance.now() - start) * 10) / 10,
        from: request.socket.remoteAddress,
      })
    })
    next()
  }
}
