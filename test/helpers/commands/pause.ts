/**
 * Loaded before a command whose work a test holds (see `toolkit`): halts the whole process at a place that
 * `TOOLKIT_TEST_PAUSE` names, until the test answers on file descriptor 3.
 */
import { readSync, writeSync } from 'node:fs'
import files from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { isMainThread } from 'node:worker_threads'

export interface Pause {
  /** Source of a pattern: after the first output that matches it. */
  afterOutput?: string
  /** Source of a pattern: before a file gets a final name that matches it. */
  beforeRename?: string
}

function halt(): void {
  writeSync(3, '.')
  readSync(3, Buffer.alloc(1))
}

const { TOOLKIT_TEST_PAUSE } = process.env
if (isMainThread && TOOLKIT_TEST_PAUSE !== undefined) {
  // Not for processes that this one starts.
  delete process.env.TOOLKIT_TEST_PAUSE
  delete process.env.NODE_OPTIONS
  const { afterOutput, beforeRename } = JSON.parse(TOOLKIT_TEST_PAUSE) as Pause
  let all = ''
  let done = afterOutput === undefined
  for (const stream of [process.stdout, process.stderr]) {
    const write = stream.write.bind(stream) as (...values: unknown[]) => boolean
    stream.write = (...values: unknown[]) => {
      const result = write(...values)
      all += values[0]
      if (!done && new RegExp(afterOutput!).test(all)) {
        done = true
        halt()
      }
      return result
    }
  }
  const { rename } = files
  files.rename = async (from, to) => {
    if (beforeRename !== undefined && new RegExp(beforeRename).test(String(to))) halt()
    return rename(from, to)
  }
  syncBuiltinESMExports()
}
