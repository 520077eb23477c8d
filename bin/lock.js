/**
 * A lock between processes of one machine, for what two starts at once must not both do. Taken, and taken over from a
 * process that is gone, in the same way as src/shared/lock.ts explains, which cannot be imported before it is built.
 */
import { createHash, randomUUID } from 'node:crypto'
import {
  closeSync,
  fstatSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { root } from './root.js'

/** When a process started, as /proc tells; '' where it does not. A process with the number of one that is gone has another. */
function startOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return state === 'Z' ? 'gone' : `${boot}/${fields[18]}`
  } catch {
    return ''
  }
}

function isAlive(pid, started) {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if (error.code !== 'EPERM') return false
  }
  return started === '' || started === startOf(pid)
}

/** Creates `path` with its contents at once; false where there is one. */
function create(path, text) {
  const temporary = `${path}.${randomUUID()}.tmp`
  try {
    writeFileSync(temporary, text)
    try {
      linkSync(temporary, path)
    } catch (error) {
      if (error.code === 'EEXIST') return false
      // A file system without hard links.
      writeFileSync(path, text, { flag: 'wx' })
    }
    return true
  } catch (error) {
    if (error.code === 'EEXIST') return false
    throw error
  } finally {
    rmSync(temporary, { force: true })
  }
}

/** The lock at `path`, with an identity of its own; null where there is none. */
function read(path) {
  let file
  try {
    file = openSync(path)
    const text = readFileSync(file, 'utf8')
    const { ino, mtimeMs } = fstatSync(file)
    const id = createHash('sha256').update(`${ino} ${mtimeMs} ${text}`).digest('hex').slice(0, 16)
    const [pid, started = ''] = text.split(' ')
    // An empty file is one that is just being written, where there are no hard links. The process's own number in a
    // lock that it waits for is that of another one, before a restart of the container.
    const held =
      text === ''
        ? Date.now() - mtimeMs < 5000
        : /^[1-9]\d*$/.test(pid) && +pid !== process.pid && isAlive(+pid, started)
    return { text, id, held }
  } catch (error) {
    if (error.code === 'ENOENT') return null
    throw error
  } finally {
    if (file !== undefined) closeSync(file)
  }
}

function take(path, text) {
  if (create(path, text)) return true
  const stale = read(path)
  for (let last = stale; last !== null && !last.held; ) {
    const claim = `${path}.${last.id}.claim`
    if (create(claim, text)) {
      const isValid = read(path)?.id === stale.id
      if (isValid) renameSync(claim, path)
      else rmSync(claim, { force: true })
      return isValid
    }
    last = read(claim)
  }
  return false
}

/**
 * Runs `action` while no other process runs one under the same name for this clone. Waits, and says so,
 * while another does.
 */
export async function exclusively(name, action) {
  const clone = createHash('sha256').update(root).digest('hex').slice(0, 16)
  const path = join(tmpdir(), `nasnet-toolkit-${clone}-${name}.lock`)
  const text = `${process.pid} ${startOf(process.pid)} ${randomUUID()}`
  for (let tries = 0; !take(path, text); tries++) {
    if (tries === 20) console.error(`Waiting for another process to ${name} here (${path}).`)
    await sleep(100)
  }
  try {
    return await action()
  } finally {
    if (read(path)?.text === text) rmSync(path, { force: true })
  }
}
