import { fstatSync, writeSync } from 'node:fs'
import type { RequestHandler } from 'express'

/** Takes one entry of the log. */
export type Log = (entry: Record<string, unknown>) => void

export const noLog: Log = () => {}

/** What a reader that does not read may leave waiting, in bytes; lines beyond are dropped and counted. */
const MOST_WAITING = 2 ** 20

/** One line of JSON on stderr for each entry, with the time. A log that cannot be written never stops the server. */
export const logToStderr: Log = (entry) => {
  write ??= isStream() ? streamWriter() : writeFile
  write(entry)
}

let write: Log | undefined

function line(entry: Record<string, unknown>): string {
  return `${JSON.stringify({ time: new Date().toISOString(), ...entry })}\n`
}

/** Files and terminals take a line at once; everything else may make the writer wait. */
function isStream(): boolean {
  try {
    const stat = fstatSync(2)
    return stat.isFIFO() || stat.isSocket()
  } catch {
    return false
  }
}

/** Where the disk is full, lines are lost until there is room again. */
function writeFile(entry: Record<string, unknown>): void {
  try {
    writeSync(2, line(entry))
  } catch {
    // There is no other place to report it.
  }
}

function streamWriter(): Log {
  const { stderr } = process
  let dropped = 0
  // The reader has gone: what follows goes nowhere.
  stderr.on('error', () => {})
  return (entry) => {
    if (stderr.destroyed) return
    if (stderr.writableLength > MOST_WAITING) {
      dropped++
      return
    }
    if (dropped > 0)
      stderr.write(line({ event: 'log', message: `${dropped} lines were dropped: nobody read them.` }))
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
    // Node says "finish" of answers that were cut too, when their connection is gone.
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
