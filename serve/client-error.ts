/** Answers to requests that never reach the application: invalid HTTP, too large headers, too slow uploads. */
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Log } from './log.js'
import type { OpenRequests } from './open-requests.js'
import { Problem } from './problem.js'
import { requestIdOf } from './safety/request-id.js'

/** By the parser's error code; 400 for all others. */
const statuses: Record<string, number> = { ERR_HTTP_REQUEST_TIMEOUT: 408, HPE_HEADER_OVERFLOW: 431 }

const details: Record<number, string> = {
  400: 'The request is not valid HTTP.',
  408: 'The request took too long to arrive.',
  431: 'The request has too large headers.',
}

/** A listener for `clientError`: answers a problem as for every other error, logs it, and closes the connection. */
export function answerClientError(log: Log, requests: OpenRequests) {
  return (error: NodeJS.ErrnoException, socket: Duplex): void => {
    if (!socket.writable || error.code === 'ECONNRESET' || requests.isAnswering(socket as Socket)) {
      socket.destroy()
      return
    }
    const status = statuses[error.code ?? ''] ?? 400
    const body = JSON.stringify(new Problem(status, details[status]))
    const id = requestIdOf(undefined)
    socket.end(
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nX-Request-Id: ${id}\r\n` +
        `Content-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    )
    log({ event: 'refused', status, reason: error.code, from: (socket as Socket).remoteAddress, id })
  }
}
