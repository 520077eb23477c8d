/** The coverage of a test run, from programs of which it is known what they call. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { packageRoot } from '../../src/shared/package-root.js'
import { temporaryFolder } from '../helpers/temporary-folder.js'

const run = promisify(execFile)
const root = packageRoot()
const urlOf = (path: string) => JSON.stringify(pathToFileURL(join(root, path)).href)

test('a room is covered by what its functions ran in processes and in threads, and by nothing else', async (t) => {
  const folder = await temporaryFolder(t)
  const env = { ...process.env, TOOLKIT_COVERAGE: folder }
  const measured = async (program: string) => {
    const hook = pathToFileURL(join(root, 'bin/coverage-hook.js')).href
    await run(process.execPath, ['--import', hook, '--input-type=module', '-e', program], { env })
    const { stdout } = await run(process.execPath, [join(root, 'bin/coverage.js'), folder])
    const rooms = [...stdout.matchAll(/^(\S+) +(\S+) % of (\d+) lines$/gm)]
    return new Map(rooms.map(([, room, percent, lines]) => [room, { percent: +percent, lines: +lines }]))
  }

  const loaded = await measured(`await import(${urlOf('dist/src/shared/random.js')})`)
  assert.ok(loaded.get('src/shared')!.percent > 0)
  assert.equal(loaded.get('src/runtime')!.percent, 0)
  const sum = [...loaded].reduce((lines, [room, counted]) => lines + (room === 'all' ? 0 : counted.lines), 0)
  assert.equal(loaded.get('all')!.lines, sum)

  const called = await measured(
    `const { random } = await import(${urlOf('dist/src/shared/random.js')}); random(1, 'a')`,
  )
  assert.ok(called.get('src/shared')!.percent > loaded.get('src/shared')!.percent)

  const threaded = await measured(`
    import { Worker } from 'node:worker_threads'
    new Worker('import(${urlOf('dist/src/runtime/session-protocol.js').replaceAll('"', '`')})', { eval: true })`)
  assert.ok(threaded.get('src/runtime')!.percent > 0)
  assert.deepEqual(threaded.get('src/shared'), called.get('src/shared'))
})
