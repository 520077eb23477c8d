/** One process at a time trains in the folder of a run. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { createRun, resumeRun } from '../../../src/train/tasks.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'
import { config, runWith } from '../../helpers/train/small-run.js'

test('two trainings in one folder are refused, in this process', async (t) => {
  const folder = join(await temporaryFolder(t), 'run')
  const run = await createRun(folder, config)
  await assert.rejects(resumeRun(folder), new RegExp(`Process ${process.pid} on .* is training in`))
  await run.close()
  await (await resumeRun(folder)).close()
})

/** A process that opens the run and holds it until it is killed. */
async function holder(folder: string): Promise<ChildProcess> {
  const module = new URL('../../../src/train/tasks.js', import.meta.url).href
  const program = `import { resumeRun } from ${JSON.stringify(module)}
    await resumeRun(${JSON.stringify(folder)})
    console.log('open')
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout!, 'data')
  return child
}

test('the lock of another process holds while it lives, and not after it was killed', async (t) => {
  const folder = join(await temporaryFolder(t), 'run')
  await runWith(folder, [5])
  const child = await holder(folder)
  try {
    await assert.rejects(resumeRun(folder), new RegExp(`Process ${child.pid} on `))
  } finally {
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  const run = await resumeRun(folder)
  assert.equal(run.checkpoint?.step, 5)
  await run.close()
})

test('the lock of another machine is left for a person to judge, and one that cannot be read is stale', async (t) => {
  const folder = join(await temporaryFolder(t), 'run')
  await runWith(folder, [5])
  await writeFile(join(folder, 'lock'), JSON.stringify({ pid: 1, host: 'elsewhere', started: '' }))
  await assert.rejects(resumeRun(folder), /Process 1 on elsewhere is training.*delete .*lock/)
  for (const unreadable of ['', '{"pid":', 'null', '{"pid":-1,"host":"x"}', '\0\0\0\0']) {
    await writeFile(join(folder, 'lock'), unreadable)
    await utimes(join(folder, 'lock'), 1e9, 1e9)
    await (await resumeRun(folder)).close()
    assert.deepEqual(
      (await readdir(folder)).filter((name) => name.startsWith('lock')),
      [],
    )
  }
})

test('a lock left by a process whose number another one has now is taken over', {
  skip: process.platform !== 'linux' && 'only Linux tells when a process started',
}, async (t) => {
  const folder = join(await temporaryFolder(t), 'run')
  await runWith(folder, [5])
  const child = await holder(folder)
  const lock = JSON.parse(await readFile(join(folder, 'lock'), 'utf8'))
  await writeFile(join(folder, 'lock'), JSON.stringify({ ...lock, started: 'another boot/1' }))
  const run = await resumeRun(folder)
  await run.close()
  child.kill('SIGKILL')
})
