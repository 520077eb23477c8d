/** Writing files so that nothing half-written ever stands under its final name. */
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, rmdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { UserError } from './errors.js'

const reasons: Record<string, string> = {
  EACCES: 'there is no permission; give it, or choose another folder',
  EPERM: 'the system does not permit it; choose another folder',
  EROFS: 'the file system is read-only; choose another folder',
  ENOSPC: 'the disk is full; free some space',
  EDQUOT: 'the disk quota is used up; free some space',
  ENOENT: 'it does not exist',
  EEXIST: 'a file of that name is in the way',
  ENOTDIR: 'a part of the path is a file, not a folder',
  EISDIR: 'it is a folder, not a file',
  EMFILE: 'too many files are open',
}

/** A file-system error as one plain sentence, for example `Cannot write runs/a/config.json: the disk is full; …`. */
export function fileError(action: string, path: string, error: unknown): UserError {
  const { code, message } = error as NodeJS.ErrnoException
  return new UserError(`Cannot ${action} ${path}: ${reasons[code ?? ''] ?? message}`, { cause: error })
}

/** Reads a text; throws a `UserError` that says `missing` where there is no such file, or why it cannot be read. */
export async function readText(path: string, missing: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') throw new UserError(missing, { cause: error })
    throw fileError('read', path, error)
  }
}

/**
 * Makes a folder, and those above it, where they are missing. Not by `mkdir`'s own `recursive`, which never ends where a
 * folder that exists will hold no other, as in /proc.
 *
 * @throws UserError when the file system refuses
 */
export async function makeFolder(folder: string): Promise<void> {
  const made = await makeWithParents(folder).catch((error) => {
    throw fileError('create', folder, error)
  })
  if (!made)
    throw new UserError(`Cannot create ${folder}: nothing can be created there; choose another folder`)
}

/**
 * Makes a folder as {@link makeFolder} does, and returns what undoes it: that removes the folder if this call made it
 * and it is empty again.
 */
export async function makeRemovableFolder(folder: string): Promise<() => Promise<void>> {
  const isNew = !existsSync(folder)
  await makeFolder(folder)
  return async () => {
    if (isNew && (await readdir(folder)).length === 0) await rmdir(folder)
  }
}

/** False where the folder above it is there and will not hold it. */
async function makeWithParents(folder: string): Promise<boolean> {
  return (await makeOne(folder)) || ((await makeWithParents(dirname(folder))) && makeOne(folder))
}

/** False when the folder above is missing; one that is there already, perhaps since just now, is as good as made. */
async function makeOne(folder: string): Promise<boolean> {
  try {
    await mkdir(folder)
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST' && (await stat(folder)).isDirectory()) return true
    if (code === 'ENOENT' && dirname(folder) !== folder) return false
    throw error
  }
}

/**
 * Writes a file through `fill` under a temporary name beside it, flushes it to the disk and renames it.
 * When anything fails, the temporary file is removed and what stood under `path` before is untouched.
 *
 * @throws UserError when the file system refuses (no permission, disk full, …)
 */
export async function writeFileAtomically(
  path: string,
  fill: string | Uint8Array | ((file: FileHandle) => Promise<void>),
): Promise<void> {
  // By chance, not by process: those of several containers have the same number.
  const temporary = `${path}.${randomBytes(4).toString('hex')}.tmp`
  try {
    const file = await open(temporary, 'wx+')
    try {
      if (typeof fill === 'function') await fill(file)
      else await file.writeFile(fill)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw isFileError(error) ? fileError('write', path, error) : error
  }
  await syncFolder(dirname(path))
}

/**
 * The lines of a file that is appended to, none when there is no file. A last line without its end, as a killed process
 * leaves it, is passed over.
 */
export async function readWholeLines(path: string): Promise<string[]> {
  try {
    return (await readFile(path, 'utf8')).split('\n').slice(0, -1)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw fileError('read', path, error)
  }
}

/** True for errors that come from the operating system rather than from a mistake in the program. */
export function isFileError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).syscall === 'string'
}

/** A rename outlives a power cut only when its folder is flushed too. Windows cannot open folders and need not. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
