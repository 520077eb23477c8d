/** Folders of files that are written for the user: there complete, or not at all. */
import { randomBytes } from 'node:crypto'
import { mkdir, readdir, rename, rm, rmdir } from 'node:fs/promises'
import { resolve } from 'node:path'
import { DatasetError, isMissing, writeError } from './errors.js'

/**
 * Lets `fill` write into a folder beside `folder`, which gets its name when that has ended.
 *
 * @param what The folder is for, in an error message
 * @param fill Returns false to keep nothing
 * @returns Whether the folder is there
 * @throws DatasetError for a folder that holds something, or that cannot be written
 */
export async function writeNewFolder(
  folder: string,
  what: string,
  fill: (temporary: string) => Promise<boolean>,
): Promise<boolean> {
  await refuseFull(folder, what)
  const temporary = `${resolve(folder)}.${randomBytes(4).toString('hex')}.tmp`
  try {
    await mkdir(temporary, { recursive: true })
    if (!(await fill(temporary))) return false
    // An empty folder may be in the place.
    await rmdir(folder).catch((error) => {
      if (!isMissing(error)) throw error
    })
    await rename(temporary, folder)
    return true
  } catch (error) {
    throw writeError(error, folder, '--out')
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
}

/** @throws DatasetError for a folder that holds something, or a file */
export async function refuseFull(folder: string, what: string): Promise<void> {
  const names = await readdir(folder).catch((error) => {
    if (error.code === 'ENOENT') return []
    throw writeError(error, folder, '--out')
  })
  if (names.length > 0)
    throw new DatasetError(`"${folder}" is not empty; choose a new folder for ${what}, or remove it.`)
}
