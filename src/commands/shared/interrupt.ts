/** What Ctrl-C does to a command that has something to save. */

const exitCodes = { SIGINT: 130, SIGTERM: 143 } as const

/**
 * Runs `work` with a signal that SIGINT and SIGTERM abort; the process then ends with 130 or 143 once the work
 * has come to its end. A second one ends the process at once.
 */
export async function interruptible<T>(
  work: (signal: AbortSignal) => Promise<T>,
  onInterrupt: () => void,
): Promise<T> {
  const controller = new AbortController()
  const interrupt = (name: NodeJS.Signals): void => {
    process.exitCode = exitCodes[name as keyof typeof exitCodes]
    if (controller.signal.aborted) process.exit()
    controller.abort()
    onInterrupt()
  }
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt)
  try {
    return await work(controller.signal)
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt)
  }
}
