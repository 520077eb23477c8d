/** Puts CIFAR-10 into a folder of this machine: downloaded and verified, or copied from another folder. */
import { randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { copyFile, mkdir, open, readdir, realpath, rename, rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { createGunzip } from 'node:zlib'
import {
  type Cifar10Options,
  cifar10Folder,
  cifar10NamesFile,
  cifar10TestFile,
  cifar10TrainFiles,
  verifyCifar10,
} from '../classification/cifar10.js'
import { DatasetError, isMissing, writeError } from '../files/errors.js'
import { fileSize } from '../files/file-size.js'
import { type DownloadOptions, type DownloadProgress, DownloadStopped, download, md5Of } from './download.js'
import { readTar } from './tar.js'

/** Where the official archive is, with its size and checksum (https://www.cs.toronto.edu/~kriz/cifar.html). */
export const officialCifar10 = {
  url: 'https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz',
  bytes: 170_052_171,
  md5: 'c32a1d4ab5d03f1284b67883e8d87530',
}

export const cifar10Archive = 'cifar-10-binary.tar.gz'

const files = [cifar10NamesFile, ...cifar10TrainFiles, cifar10TestFile]
/** What else the official folder holds. */
const otherFiles = ['readme.html']
/** Nothing in the archive is larger, so a forged one cannot fill the disk. */
const maxFileBytes = 64 * 2 ** 20

export interface FetchOptions extends Cifar10Options {
  /** Folder that is to hold `cifar-10-batches-bin`; made if it is not there. */
  to: string
  /** Instead of downloading: a folder with the binary files or with the archive, or the archive itself. */
  from?: string
  source?: typeof officialCifar10
  onProgress?: (progress: DownloadProgress) => void
  /** Called when the next stage begins. */
  onStage?: (stage: 'download' | 'verify' | 'unpack' | 'copy') => void
  signal?: AbortSignal
  /** Tries and timeouts of the download. */
  connection?: Pick<DownloadOptions, 'tries' | 'retryDelay' | 'silence'>
}

export interface Fetched {
  /** The folder that holds the binary files now. */
  folder: string
  /** `present`: it was complete before, and nothing was done. */
  how: 'present' | 'downloaded' | 'copied'
}

/**
 * Puts CIFAR-10 to `to/cifar-10-batches-bin`. The folder appears there complete or not at all; a damaged one
 * is replaced. With `from`, structure and sizes are verified but no checksum.
 *
 * @throws DownloadStopped by the signal while downloading; DatasetError for everything else, in one sentence.
 */
export async function fetchCifar10(options: FetchOptions): Promise<Fetched> {
  const { to, from, onStage } = options
  const folder = join(to, cifar10Folder)
  await mkdir(to, { recursive: true }).catch((error) => {
    throw writeError(error, to)
  })
  onStage?.('verify')
  if (await isComplete(folder, options)) return { folder, how: 'present' }
  await refuseForeignFiles(folder)

  if (from === undefined) {
    const archive = await downloadedArchive(options)
    onStage?.('unpack')
    await fill(folder, options, (temporary) => unpack(archive, temporary))
    await rm(archive)
    return { folder, how: 'downloaded' }
  }
  const archive = await archiveIn(from)
  if (archive !== undefined) {
    onStage?.('unpack')
    await fill(folder, options, (temporary) => unpack(archive, temporary))
  } else {
    const source = await verifyCifar10(from, options)
    onStage?.('copy')
    await fill(folder, options, async (temporary) => {
      for (const file of files) await copyFile(join(source, file), join(temporary, file))
    })
  }
  return { folder, how: 'copied' }
}

/** Downloads the archive unless it is there from an earlier run that could not finish unpacking. */
async function downloadedArchive({
  to,
  source = officialCifar10,
  onStage,
  ...options
}: FetchOptions): Promise<string> {
  const archive = join(to, cifar10Archive)
  if ((await fileSize(archive)) === source.bytes && (await md5Of(archive)) === source.md5) return archive
  onStage?.('download')
  await download({
    ...source,
    path: archive,
    onProgress: options.onProgress,
    signal: options.signal,
    ...options.connection,
  })
  return archive
}

async function isComplete(folder: string, options: Cifar10Options): Promise<boolean> {
  try {
    await verifyCifar10(folder, options)
    return true
  } catch (error) {
    if (error instanceof DatasetError) return false
    throw error
  }
}

/** A damaged folder is replaced, but not with anything in it that did not come from the archive. */
async function refuseForeignFiles(folder: string): Promise<void> {
  const names = await readdir(folder).catch((error) => {
    if (error.code === 'ENOENT') return []
    throw writeError(error, folder)
  })
  const foreign = names.find((name) => !files.includes(name) && !otherFiles.includes(name))
  if (foreign === undefined) return
  throw new DatasetError(
    `"${folder}" is not a complete CIFAR-10 and also holds "${foreign}"; move that away, or choose another folder with --to.`,
  )
}

/** Lets `write` fill a folder beside `folder`, verifies it and moves it into place; a failure leaves nothing. */
async function fill(
  folder: string,
  { signal, ...options }: Cifar10Options & { signal?: AbortSignal },
  write: (temporary: string) => Promise<void>,
): Promise<void> {
  const temporary = `${folder}.${randomBytes(4).toString('hex')}.tmp`
  const replaced = `${temporary}.old`
  try {
    await mkdir(temporary)
    await write(temporary)
    await verifyCifar10(temporary, options)
    for (const file of files) await sync(join(temporary, file))
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

/** The archive that `from` is or holds; undefined when it is a folder without one. */
async function archiveIn(from: string): Promise<string | undefined> {
  const found = await stat(from).catch((error) => {
    if (!isMissing(error)) throw error
    throw new DatasetError(`There is no "${from}" to take CIFAR-10 from.`)
  })
  if (found.isFile()) return from
  const inside = join(from, cifar10Archive)
  return (await fileSize(inside)) === undefined ? undefined : realpath(inside)
}

/** Writes the archive's known files into `folder`, whatever folder they have in the archive. */
async function unpack(archive: string, folder: string): Promise<void> {
  const input = createReadStream(archive)
  const unzipped = createGunzip()
  input.on('error', (error) => unzipped.destroy(error))
  try {
    for await (const { name, size, content } of readTar(input.pipe(unzipped))) {
      const file = basename(name)
      if (!files.includes(file) && !otherFiles.includes(file)) continue
      if (size > maxFileBytes) throw new DatasetError(`its ${file} has ${size.toLocaleString('en')} bytes`)
      const target = await open(join(folder, file), 'wx')
      try {
        for await (const chunk of content) await target.writeFile(chunk)
      } finally {
        await target.close()
      }
    }
  } catch (error) {
    const zlibError = String((error as NodeJS.ErrnoException).code).startsWith('Z_')
    if (!zlibError && !(error instanceof DatasetError)) throw error
    const reason = zlibError
      ? 'it is not a gzip file, or it is damaged or cut short'
      : (error as Error).message
    throw new DatasetError(
      `The archive "${archive}" cannot be unpacked: ${reason}; delete it and fetch it again.`,
    )
  } finally {
    input.destroy()
    unzipped.destroy()
  }
}
