/** Unpacks zip archives so that a file has its name only when it is whole, and an interrupted run can go on. */
import { type FileHandle, mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { DatasetError, isMissing, writeError } from '../files/errors.js'
import { DownloadStopped } from './download.js'
import { readZipDirectory, readZipFile, type ZipEntry } from './zip.js'

export interface UnzipOptions {
  /** Only the files in this folder of the archive. */
  only: string
  onProgress?: (doneBytes: number, totalBytes: number) => void
  signal?: AbortSignal
}

/** Files that are written side by side. */
const AT_ONCE = 4

/**
 * Unpacks the archive's folder `only` into `folder` (to `folder/only/…`). Files that are there with the right size are
 * taken to be whole, as they got their names only when size and checksum were right.
 *
 * @returns How many files the folder of the archive holds.
 * @throws DownloadStopped by the signal; DatasetError when the archive is damaged or the disk is full.
 */
export async function unzip(archive: string, folder: string, options: UnzipOptions): Promise<number> {
  const file = await open(archive)
  try {
    const all = await readZipDirectory(file)
    const entries = all.filter(({ name }) => name.startsWith(`${options.only}/`) && !name.endsWith('/'))
    if (entries.length === 0) throw new DatasetError(`it has no folder ${options.only}`)
    await writeEntries(file, entries, folder, options)
    return entries.length
  } catch (error) {
    if (error instanceof DownloadStopped || !(error instanceof DatasetError)) throw writeError(error, folder)
    throw new DatasetError(
      `The archive "${archive}" cannot be unpacked: ${error.message}; delete it and fetch it again.`,
    )
  } finally {
    await file.close()
  }
}

async function writeEntries(
  file: FileHandle,
  entries: ZipEntry[],
  folder: string,
  { onProgress, signal }: UnzipOptions,
): Promise<void> {
  const total = entries.reduce((sum, { bytes }) => sum + bytes, 0)
  let done = 0
  // Disks like to read onwards.
  const queue = entries.sort((a, b) => a.offset - b.offset).values()
  let failed = false
  const work = async (): Promise<void> => {
    for (const entry of queue) {
      if (failed) return
      if (signal?.aborted)
        throw new DownloadStopped('Stopped while unpacking; run the same command again to go on from there.')
      const path = join(folder, entry.name)
      if ((await sizeOf(path)) !== entry.bytes) await writeEntry(file, entry, path)
      done += entry.bytes
      onProgress?.(done, total)
    }
  }
  const workers = Array.from({ length: AT_ONCE }, () =>
    work().catch((error) => {
      failed = true
      throw error
    }),
  )
  // The archive is closed only when nobody reads from it any more.
  const outcomes = await Promise.allSettled(workers)
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
}

async function writeEntry(file: FileHandle, entry: ZipEntry, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const part = `${path}.part`
  try {
    // Not synced, which would take longer than the writing: a file that a crash cuts short has another size.
    const target = await open(part, 'w')
    try {
      for await (const piece of readZipFile(file, entry)) await target.writeFile(piece)
    } finally {
      await target.close()
    }
    await rename(part, path)
  } catch (error) {
    await rm(part, { force: true })
    throw error
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    const found = await stat(path)
    return found.isFile() ? found.size : undefined
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}
