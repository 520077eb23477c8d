/** The log: one entry for each request, refusal and failure, written by pino. */
import type { RequestHandler } from 'express'
import { type Logger, pino, stdTimeFunctions } from 'pino'
import { keyOf } from './guard.js'
import { type Destination, stderrDestination } from './log/destination.js'
import { terminalLine } from './log/terminal-line.js'

/** Takes one entry of the log. */
export type Log = (entry: Record<string, unknown>) => void

export const noLog: Log = () => {}

/** `auto` is text on a terminal and JSON everywhere else. */
export type LogFormat = 'auto' | 'json' | 'text'

/**
 * A log on standard error: lines of JSON with level and time, or of text for people. A log that cannot be written
 * never stops the server: a full disk loses lines, and of a pipe that nobody reads at most 1 MiB waits.
 */
export function openLog(format: LogFormat = 'auto'): Log {
  const asText = format === 'text' || (format === 'auto' && process.stderr.isTTY === true)
  let logger: Logger | undefined
  return (entry) => {
    logger ??= createLogger(asText)
    logger[levelOf(entry)](entry)
  }
}

/** As `openLog` makes it; opened by its first entry. */
export const logToStderr: Log = openLog()

function createLogger(asText: boolean): Logger {
  const droppedLine = (count: number): string => {
    const message = `${count} lines were dropped because they were not read.`
    const entry = { level: 'warn', time: new Date().toISOString(), event: 'log', message }
    return asText ? terminalLine(entry) : `${JSON.stringify(entry)}\n`
  }
  const stderr = stderrDestination(droppedLine)
  const destination: Destination = asText
    ? { write: (line) => stderr.write(terminalLine(JSON.parse(line))) }
    : stderr
  return pino(
    {
      base: undefined,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  )
}

function levelOf({ event, status }: Record<string, unknown>): 'info' | 'warn' | 'error' {
  if (event === 'error') return 'error'
  return event === 'reload' || (event === 'request' && Number(status) < 500) ? 'info' : 'warn'
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
      const key = keyOf(response)
      log({
        event: 'request',
        method: request.method,
        path: request.originalUrl,
        status: response.headersSent ? response.statusCode : 499,
        ...(response.headersSent && !finished ? { cut: true } : {}),
        milliseconds: Math.round((performance.now() - start) * 10) / 10,
        from: request.ip ?? request.socket.remoteAddress,
        ...(key !== undefined && { key }),
        id: response.getHeader('X-Request-Id'),
      })
    })
    next()
  }
}
