/** Where the lines of the log go: standard error, which may be a file on a full disk or a pipe that nobody reads. */
import { fstatSync, writeSync } from 'node:fs'

export interface Destination {
  write(line: string): void
}

/** Bytes that wait at most for a reader that does not read; further lines are dropped and counted. */
const MAX_WAITING = 2 ** 20

/** Standard error. Writing never throws and never waits. */
export function stderrDestination(droppedLine: (count: number) => string): Destination {
  return isStream() ? streamDestination(droppedLine) : { write: writeFile }
}

/** Files and terminals accept a line at once; a pipe or socket may block the writer. */
function isStream(): boolean {
  try {
    const stat = fstatSync(2)
    return stat.isFIFO() || stat.isSocket()
  } catch {
    return false
  }
}

/** While the disk is full, lines are lost. */
function writeFile(line: string): void {
  try {
    writeSync(2, line)
  } catch {
    // There is nowhere else to report it.
  }
}

function streamDestination(droppedLine: (count: number) => string): Destination {
  const { stderr } = process
  let dropped = 0
  // The reader is gone: further lines are lost.
  stderr.on('error', () => {})
  return {
    write(line) {
      if (stderr.destroyed) return
      if (stderr.writableLength > MAX_WAITING) {
        dropped++
        return
      }
      if (dropped > 0) stderr.write(droppedLine(dropped))
      dropped = 0
      stderr.write(line)
    },
  }
}
