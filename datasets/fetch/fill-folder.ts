/** Folders that appear under their name complete or not at all. */
import { randomBytes } from 'node:crypto'
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { DatasetError, isMissing, writeError } from '../files/errors.js'
import { DownloadStopped } from './download.js'

interface FillOptions {
  /** Writes the files, directly into the folder. */
  write: (temporary: string) => Promise<void>
  /** Throws when they are not what they must be. */
  verify: (temporary: string) => Promise<unknown>
  signal?: AbortSignal
}

/**
 * Lets `write` fill a folder beside `folder`, verifies it and moves it into place, where it replaces what was there; a
 * failure leaves nothing.
 */
export async function fillFolder(folder: string, { write, verify, signal }: FillOptions): Promise<void> {
  const temporary = `${folder}.${randomBytes(4).toString('hex')}.tmp`
  const replaced = `${temporary}.old`
  try {
    await mkdir(temporary)
    await write(temporary)
    await verify(temporary)
    for (const file of await readdir(temporary)) await sync(join(temporary, file))
    if (signal?.aborted)
      throw new DownloadStopped('Stopped while unpacking; run the same command again to finish.')
    await rename(folder, replaced).catch((error) => {
      if (!isMissing(error)) throw error
    })
    await rename(temporary, folder)
  } catch (error) {
    throw writeError(error, folder)
  } finally {
    await rm(temporary, { recursive: true, force: true })
    await rm(replaced, { recursive: true, force: true })
  }
}

async function sync(path: string): Promise<void> {
  const file = await open(path, 'r+')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

/**
 * A damaged folder is replaced, but not with anything in it that did not come from the archive.
 *
 * @param what The folder holds when it is complete.
 */
export async function refuseForeignFiles(
  folder: string,
  what: string,
  isOwn: (name: string) => boolean,
): Promise<void> {
  const names = await readdir(folder).catch((error) => {
    if (error.code === 'ENOENT') return []
    throw writeError(error, folder)
  })
  const foreign = names.find((name) => !isOwn(name))
  if (foreign === undefined) return
  throw new DatasetError(
    `"${folder}" is not a complete ${what} and also holds "${foreign}"; move that away, or choose another folder with --to.`,
  )
}
