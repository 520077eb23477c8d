/** A lock between processes of one machine, for what two starts at once must not both do. */
import { createHash } from 'node:crypto'
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { root } from './root.js'

function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

/** The process that holds the lock at `path`; null: none, or one that was killed and left it behind. */
function holder(path) {
  try {
    const pid = Number(readFileSync(path, 'utf8'))
    // An empty file is one that is just being written.
    const held = pid === 0 ? Date.now() - statSync(path).mtimeMs < 5000 : isAlive(pid)
    return held ? pid : null
  } catch (error) {
    if (error.code === 'ENOENT') return null
    throw error
  }
}

async function take(path) {
  if (holder(path) !== null) return false
  rmSync(path, { force: true })
  try {
    writeFileSync(path, String(process.pid), { flag: 'wx' })
  } catch (error) {
    if (error.code === 'EEXIST') return false
    throw error
  }
  // Another process that saw no holder either may have removed this file since: the last one's stays.
  await sleep(50)
  return holder(path) === process.pid
}

/**
 * Runs `action` while no other process runs one under the same name for this clone. Waits, and says so,
 * while another does.
 */
export async function exclusively(name, action) {
  const clone = createHash('sha256').update(root).digest('hex').slice(0, 16)
  const path = join(tmpdir(), `nasnet-toolkit-${clone}-${name}.lock`)
  for (let tries = 0; !(await take(path)); tries++) {
    if (tries === 20) console.error(`Waiting for another process to ${name} here (${path}).`)
    await sleep(100)
  }
  try {
    return await action()
  } finally {
    rmSync(path, { force: true })
  }
}
