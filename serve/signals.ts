import type { RunningServer } from './server.js'

/**
 * Waits for SIGINT or SIGTERM, then closes the server: what is in flight is still answered. A second signal
 * has its usual effect, so that nobody has to wait for a model that computes for long.
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
