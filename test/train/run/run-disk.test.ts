/** Disks that refuse to write. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmod, open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { newestCheckpoint } from '../../../src/train/run/run-folder.js'
import { createRun, resumeRun } from '../../../src/train/tasks.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'
import { checkpoint, config, runWith } from '../../helpers/train/small-run.js'

test('a folder without write permission is refused in a plain sentence', {
  skip: process.getuid?.() === 0 && 'root may write everywhere',
}, async (t) => {
  const folder = await temporaryFolder(t)
  await chmod(folder, 0o555)
  await assert.rejects(createRun(join(folder, 'run'), config), /Cannot create .*run: there is no permission/)
})

/** Mounts 64 KiB of memory as a disk; false where that is not allowed. */
function mountSmallDisk(folder: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

test('a run that a full disk refuses leaves nothing, and can be begun once there is room', async (t) => {
  const folder = await temporaryFolder(t)
  if (!mountSmallDisk(folder)) return t.skip('mounting a small disk needs root')
  try {
    const fill = await open(join(folder, 'fill'), 'w')
    await assert.rejects(async () => {
      for (;;) await fill.write(Buffer.alloc(4096))
    }, /ENOSPC/)
    await fill.close()
    await assert.rejects(createRun(join(folder, 'run'), config), /Cannot (create|write) .*: the disk is full/)
    assert.deepEqual(await readdir(folder), ['fill'])
    await rm(join(folder, 'fill'))
    await runWith(join(folder, 'run'), [5])
  } finally {
    execFileSync('umount', [folder])
  }
})

test('a full disk is reported in a plain sentence, and older checkpoints stay intact', async (t) => {
  const folder = await temporaryFolder(t)
  if (!mountSmallDisk(folder)) return t.skip('mounting a small disk needs root')
  try {
    await runWith(join(folder, 'run'), [5])
    const run = await resumeRun(join(folder, 'run'))
    const large = checkpoint(10)
    large.state.momentum = new Float32Array(100_000)
    await assert.rejects(run.save(large), /Cannot write .*checkpoint-10.safetensors: the disk is full/)
    await run.close()
    assert.deepEqual((await readdir(join(folder, 'run'))).sort(), [
      'checkpoint-5.safetensors',
      'config.json',
      'metrics.jsonl',
    ])
    assert.deepEqual(await newestCheckpoint(join(folder, 'run')), checkpoint(5))
  } finally {
    execFileSync('umount', [folder])
  }
})
