/** A lock on a run's folder, so that two processes do not train in it at once. */
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { UserError } from '../errors.js'
import { fileError, isFileError } from '../files.js'

interface Holder {
  pid: number
  host: string
  /** When the process started, so that another process with the same number is told apart; '' where unknown. */
  started: string
}

/** Locks held by this process: after a restart in a container the number in a stale lock may be our own. */
const held = new Set<string>()

/**
 * Takes the lock of `folder` and returns the function that gives it back. The lock of a process that is
 * gone is taken over.
 *
 * @throws UserError when another process trains there
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const path = join(folder, 'lock')
  const me: Holder = { pid: process.pid, host: hostname(), started: await startOf(process.pid) }
  try {
    while (!(await created(path, JSON.stringify(me)))) {
      const found = await readFile(path, 'utf8').catch(missingAsNull)
      if (found === null) continue
      if (await isAlive(found, path)) refuse(folder, path, parse(found))
      // Taken aside before it is removed: should another process have replaced it meanwhile, it gets its lock back.
      const aside = `${path}.${process.pid}.tmp`
      await rename(path, aside).catch(missingAsNull)
      const taken = await readFile(aside, 'utf8').catch(missingAsNull)
      if (taken !== null && taken !== found) await created(path, taken)
      await rm(aside, { force: true })
    }
  } catch (error) {
    throw isFileError(error) ? fileError('write', path, error) : error
  }
  held.add(path)
  return async () => {
    if (held.delete(path)) await rm(path, { force: true })
  }
}

function missingAsNull(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null
  throw error
}

/** Creates the file; false when there is one already. */
async function created(path: string, text: string): Promise<boolean> {
  try {
    await writeFile(path, text, { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

function parse(text: string): Holder | null {
  try {
    return JSON.parse(text) as Holder
  } catch {
    return null
  }
}

async function isAlive(text: string, path: string): Promise<boolean> {
  const holder = parse(text)
  // A lock that cannot be read, or another machine's, is only for a person to judge.
  if (holder === null || holder.host !== hostname()) return true
  if (holder.pid === process.pid) return held.has(path)
  try {
    process.kill(holder.pid, 0)
  } catch (error) {
    // EPERM: there is such a process, of another user.
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
  }
  return holder.started === '' || holder.started === (await startOf(holder.pid))
}

/** When a process started, in clock ticks since the boot that the id names; '' where /proc does not tell. */
async function startOf(pid: number): Promise<string> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8')
    // Field 22; the second field, the name in brackets, may hold spaces itself.
    const afterName = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    // A zombie is dead; only its parent has not looked yet.
    if (afterName[0] === 'Z') return 'gone'
    return `${boot.trim()}/${afterName[19]}`
  } catch {
    return ''
  }
}

function refuse(folder: string, path: string, holder: Holder | null): never {
  const who = holder === null ? 'Another process' : `Process ${holder.pid} on ${holder.host}`
  throw new UserError(
    `${who} is training in ${folder}; wait for it or stop it. If you are sure that it is gone, delete ${path}`,
  )
}
