/** What may stand in front of a server's own paths. */
import type { IncomingMessage, ServerResponse } from 'node:http'

/**
 * Sees every request first, and answers it or hands it on by `next`. It may throw a `Problem`, which the client gets as any
 * other of the server's.
 */
export type Front = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void
