import type { RunningServer } from './server.js'

/**
 * Waits for SIGINT or SIGTERM, then closes the server: requests in flight are still answered. A second signal has its
 * usual effect and ends the process at once.
 */
export async function closeOnSignal(server: RunningServer): Promise<void> {
  await new Promise<void>((resolve) => {
    const stop = () => {
      process.off('SIGINT', stop).off('SIGTERM', stop)
      resolve()
    }
    process.on('SIGINT', stop).on('SIGTERM', stop)
  })
  await server.close()
}
