/** The lock of building and installing, held by one process at a time also while each is killed with it. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { packageRoot } from '../../src/shared/package-root.js'
import { temporaryFolder } from '../helpers/temporary-folder.js'

const module = pathToFileURL(join(packageRoot(), 'bin/lock.js')).href

/** Takes the lock, makes and removes a folder that can only be there once, and ends in the way given while it holds it. */
const program = (name: string, inside: string, end: string) => `
  import { exclusively } from ${JSON.stringify(module)}
  import { mkdirSync, rmdirSync } from 'node:fs'
  await exclusively(${JSON.stringify(name)}, () => {
    mkdirSync(${JSON.stringify(inside)})
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20)
    rmdirSync(${JSON.stringify(inside)})
    ${end}
  })`

test('twelve processes get the lock one after another, though every second is killed while it holds it', async (t) => {
  const inside = join(await temporaryFolder(t), 'inside')
  const name = `test-${process.pid}`
  const children = Array.from({ length: 12 }, (_, index) => {
    const end = index % 2 === 0 ? '' : "process.kill(process.pid, 'SIGKILL')"
    return spawn(process.execPath, ['--input-type=module', '-e', program(name, inside, end)], {
      stdio: ['ignore', 'ignore', 'inherit'],
    })
  })
  const ends = await Promise.all(children.map((child) => once(child, 'exit')))
  assert.deepEqual(
    ends.map(([code, signal]) => code ?? signal),
    children.map((_, index) => (index % 2 === 0 ? 0 : 'SIGKILL')),
  )
  for (const file of await readdir(tmpdir()))
    if (file.includes(`-${name}.lock`)) await rm(join(tmpdir(), file))
})
