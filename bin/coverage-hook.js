/**
 * Loaded before everything else in each process and thread of a test run that measures coverage. Notes which functions
 * of this clone run, and writes them down when the process or thread ends by itself. What is killed is not counted.
 *
 * Node's own NODE_V8_COVERAGE counts each branch, which makes the tests of networks half as slow again, and writes 17 MB
 * of TensorFlow.js's source map for each process.
 */
import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { Session } from 'node:inspector'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { isMainThread } from 'node:worker_threads'
import { root } from './root.js'

const folder = process.env.TOOLKIT_COVERAGE
const here = pathToFileURL(root).href

if (folder) {
  const session = new Session()
  session.connect()
  session.post('Profiler.enable')
  session.post('Profiler.startPreciseCoverage', { callCount: false, detailed: false })

  // The answer comes at once, before `post` returns, and holds only what ran since the last one.
  const write = () =>
    session.post('Profiler.takePreciseCoverage', (error, coverage) => {
      if (error) throw new Error(`Coverage cannot be measured: ${error.message}`)
      const ours = coverage.result.filter(
        ({ url }) => url.startsWith(here) && !url.includes('/node_modules/') && !url.includes('/dist/test/'),
      )
      if (ours.length > 0)
        writeFileSync(join(folder, `${process.pid}-${randomUUID()}.json`), JSON.stringify(ours))
    })
  process.on('exit', write)
  // A thread that waits for work when its process ends does not hear of it.
  if (!isMainThread) setInterval(write, 1000).unref()
}
