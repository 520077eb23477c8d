/** Closing a server so that every request that it accepted is answered. */
import { once } from 'node:events'
import type { Server } from 'node:http'
import { Server as NetServer, type Socket } from 'node:net'
import type { OpenRequests } from './open-requests.js'

/** Share of the grace period after which unanswered requests are refused; the rest is for reading answers. */
const REFUSE_AT = 0.75
/** How long connections without a request may stay, in ms: a request may be on its way, and is refused with 503. */
const IDLE_TIMEOUT = 250

/**
 * Stops listening, lets requests finish, refuses with 503 those that take too long, and resolves when all connections
 * are closed, after `graceMilliseconds` at the latest.
 *
 * @param connections All open connections.
 */
export async function drain(
  server: Server,
  requests: OpenRequests,
  connections: ReadonlySet<Socket>,
  graceMilliseconds: number,
): Promise<void> {
  const closed = once(server, 'close')
  // Not http's own `close`: it destroys connections whose answer is still being sent.
  NetServer.prototype.close.call(server)
  requests.startClosing()
  const closeIdle = () => {
    for (const socket of connections) if (!requests.isOpen(socket)) socket.destroySoon()
  }
  const timers = [
    setTimeout(closeIdle, Math.min(IDLE_TIMEOUT, graceMilliseconds * REFUSE_AT)),
    setTimeout(() => requests.refuseAll(), graceMilliseconds * REFUSE_AT),
    setTimeout(() => {
      for (const socket of connections) socket.destroy()
    }, graceMilliseconds),
  ]
  await closed
  for (const timer of timers) clearTimeout(timer)
  // Only http's own timer is left to close.
  server.close(() => {})
}
