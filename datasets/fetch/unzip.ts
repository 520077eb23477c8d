/** Unpacks zip archives so that a file has its name only when it is complete, and an interrupted run can continue. */
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { DatasetError, writeError } from '../files/errors.js'
import { fileSize } from '../files/file-size.js'
import { inParallel } from '../files/parallel.js'
import { DownloadStopped } from './download.js'
import { readZip, type ZipEntry } from './zip.js'

export interface UnzipOptions {
  /** Only the files in this folder of the archive. */
  only: string
  onProgress?: (doneBytes: number, totalBytes: number) => void
  signal?: AbortSignal
}

/** Files that are written in parallel. */
const PARALLEL = 4

/**
 * Unpacks the archive's folder `only` into `folder` (to `folder/only/…`). Existing files of the right size are kept:
 * they got their names only after size and checksum were verified.
 *
 * @returns How many files the folder of the archive holds.
 * @throws DownloadStopped by the signal; DatasetError when the archive is damaged or the disk is full.
 */
export async function unzip(archive: string, folder: string, options: UnzipOptions): Promise<number> {
  const file = await open(archive)
  try {
    const all = await readZip(file)
    const entries = all.filter(({ name }) => name.startsWith(`${options.only}/`) && !name.endsWith('/'))
    if (entries.length === 0) throw new DatasetError(`it has no folder ${options.only}`)
    refuseClashes(entries)
    await writeEntries(entries, folder, options)
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

/** Two entries of one path would be written at the same time, or one as a folder in the other's place. */
function refuseClashes(entries: ZipEntry[]): void {
  const names = new Set<string>()
  for (const { name } of entries) {
    if (names.has(name)) throw new DatasetError(`it holds ${JSON.stringify(name)} twice`)
    names.add(name)
  }
  for (const { name } of entries)
    for (let end = name.lastIndexOf('/'); end > 0; end = name.lastIndexOf('/', end - 1))
      if (names.has(name.slice(0, end)))
        throw new DatasetError(`its ${JSON.stringify(name.slice(0, end))} is both a file and a folder`)
}

async function writeEntries(
  entries: ZipEntry[],
  folder: string,
  { onProgress, signal }: UnzipOptions,
): Promise<void> {
  const total = entries.reduce((sum, { bytes }) => sum + bytes, 0)
  let done = 0
  // In the order of the archive, so that the disk reads forwards.
  const queue = entries.sort((a, b) => a.offset - b.offset)
  await inParallel(queue, PARALLEL, async (entry) => {
    if (signal?.aborted)
      throw new DownloadStopped('Stopped while unpacking; run the same command again to continue from there.')
    const path = join(folder, entry.name)
    if ((await fileSize(path)) !== entry.bytes) await writeEntry(entry, path)
    done += entry.bytes
    onProgress?.(done, total)
  })
}

async function writeEntry(entry: ZipEntry, path: string): Promise<void> {
  const part = `${path}.part`
  try {
    await mkdir(dirname(path), { recursive: true })
    // Not synced, which would take longer than the writing: a file that a crash cuts short has another size.
    const target = await open(part, 'w')
    try {
      for await (const piece of entry.content()) await target.writeFile(piece)
    } finally {
      await target.close()
    }
    await rename(part, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENAMETOOLONG')
      throw new DatasetError(`its ${JSON.stringify(entry.name)} has a name that is too long for this disk`)
    await rm(part, { force: true })
    throw error
  }
}
