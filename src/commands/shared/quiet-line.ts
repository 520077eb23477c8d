import { type LiveLine, liveLine } from '../../shared/live-line.js'

/** Milliseconds of work before its progress is shown. */
const QUIET = 2000

/** Runs `work` with a live line on stderr, which is shown only where the work takes longer than two seconds. */
export async function withQuietLine<T>(work: (show: LiveLine['show']) => Promise<T>): Promise<T> {
  const line = liveLine(process.stderr)
  const began = performance.now()
  try {
    return await work((...shown) => {
      if (performance.now() - began > QUIET) line.show(...shown)
    })
  } finally {
    line.end()
  }
}
