/**
 * A lock on a folder, so that two processes do not train or search in it at once.
 *
 * The file `lock` names its holder. It is created whole and exclusively, and its holder removes it. Where the holder is
 * gone, whoever comes takes the lock over, and several may come at once: the right to replace a certain lock belongs
 * to whoever creates the claim on it, a file whose name holds that lock's identity. The claim then takes the lock's
 * name. A claim whose claimant is gone too is claimed in the same way. A claim made on a lock that has been replaced
 * meanwhile is void.
 *
 * Why two never win: while a stale lock stands, claims on it, and claims on those, are only added, so that exactly
 * one stands at the end of the chain. Once the last one has replaced the lock, whoever still creates a claim in that
 * chain finds another lock than the one it started from, and withdraws.
 */
import { randomUUID } from 'node:crypto'
import type { link } from 'node:fs/promises'
import { readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { UserError } from './errors.js'
import { fileError, isFileError } from './files.js'
import { type CreateFile, type LockFile, readLock, wholeFiles } from './lock-file.js'
import { forget, type Holder, isAlive, parseHolder, thisProcess } from './lock-holder.js'

/** True for the names of the files that locking leaves in a folder, for a moment or until somebody comes again. */
export const isLockFile = (name: string): boolean => /^lock(\.[\w-]+\.(claim|tmp))?$/.test(name)

/**
 * Takes the lock of `folder` and returns the function that gives it back. The lock of a process that is gone, or one
 * that cannot be read, is taken over.
 *
 * @param makeLink for tests: makes hard links, or refuses
 * @throws UserError when another process works there, or the file system refuses
 */
export async function lockFolder(folder: string, makeLink?: typeof link): Promise<() => Promise<void>> {
  const path = join(folder, 'lock')
  const token = randomUUID()
  try {
    const text = JSON.stringify(await thisProcess(token))
    await take(path, wholeFiles(`${path}.${token}.tmp`, text, makeLink))
  } catch (error) {
    forget(token)
    throw isFileError(error) ? fileError('write', path, error) : error
  }
  return async () => {
    // Somebody may have deleted the lock by hand, and another process may have taken it since.
    const found = await readLock(path)
    if (found !== null && parseHolder(found.text)?.token === token) await rm(path, { force: true })
    forget(token)
  }
}

async function take(path: string, create: CreateFile): Promise<void> {
  for (;;) {
    if (await create(path)) return
    const stale = await readLock(path)
    if (stale !== null && (await takeOver(path, stale, create))) return
  }
}

/** True when the lock was taken over, false when it has been given back or replaced meanwhile. Throws when it is held. */
async function takeOver(path: string, stale: LockFile, create: CreateFile): Promise<boolean> {
  for (let last: LockFile | null = stale; last !== null; ) {
    const holder = parseHolder(last.text)
    if (holder !== null && (await isAlive(holder))) refuse(path, holder)
    const claim = `${path}.${last.id}.claim`
    if (await create(claim)) {
      const isValid = (await readLock(path))?.id === stale.id
      if (isValid) {
        await rename(claim, path)
        await removeClaims(path)
      } else await rm(claim, { force: true })
      return isValid
    }
    last = await readLock(claim)
  }
  return false
}

/** Removes what claimants left that were killed. Claims on this lock cannot be there: its holder lives. */
async function removeClaims(path: string): Promise<void> {
  const folder = dirname(path)
  for (const name of await readdir(folder))
    if (isLockFile(name) && name.endsWith('.claim') && name !== basename(path))
      await rm(join(folder, name), { force: true })
}

function refuse(path: string, { pid, host }: Holder): never {
  throw new UserError(
    `Process ${pid} on ${host} is training in ${dirname(path)}; wait for it or stop it. If you are sure that it is gone, delete ${path}`,
  )
}
