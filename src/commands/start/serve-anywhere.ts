/** A server on the usual port or, where that is taken, on any other. */
import { type RunningServer, ServeError, type ServerOptions, startServer } from '../../../serve/index.js'

/** Serves on the given port; without one, on the default port or, if that is taken, on any free one. */
export async function serveAnywhere(
  options: ServerOptions,
  port: number | undefined,
): Promise<RunningServer> {
  if (port !== undefined) return startServer({ ...options, port })
  try {
    return await startServer(options)
  } catch (error) {
    const isTaken =
      error instanceof ServeError && (error.cause as NodeJS.ErrnoException)?.code === 'EADDRINUSE'
    if (!isTaken) throw error
    return startServer({ ...options, port: 0 })
  }
}
