import { closeSync, openSync } from 'node:fs'
import type { RunningServer } from './server.js'

/**
 * Waits for SIGINT or SIGTERM, then closes the server: requests in flight are still answered. A second signal has its
 * usual effect and ends the process at once. Meanwhile each SIGHUP reloads the models, unless it says that the terminal
 * of the server has been closed, which closes the server too.
 */
export async function closeOnSignal(server: RunningServer): Promise<void> {
  const fromTerminal = process.stdin.isTTY === true
  await new Promise<void>((resolve) => {
    const stop = () => {
      process.off('SIGINT', stop).off('SIGTERM', stop).off('SIGHUP', hangUp)
      resolve()
    }
    const hangUp = () => {
      if (fromTerminal && !hasTerminal()) stop()
      else void server.reload()
    }
    process.on('SIGINT', stop).on('SIGTERM', stop).on('SIGHUP', hangUp)
  })
  await server.close()
}

/** Whether the terminal that this process belongs to still exists. */
function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'))
    return true
  } catch {
    return false
  }
}
