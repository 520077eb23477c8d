/** Puts CIFAR-10 into a folder of this machine: downloaded and verified, or copied from another folder. */
import { copyFile, mkdir, realpath, rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
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
import { type DownloadOptions, type DownloadProgress, download, md5Of } from './download.js'
import { fillFolder, refuseForeignFiles } from './fill-folder.js'
import { unpackTarGz } from './unpack-tar.js'

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
  await refuseForeignFiles(folder, 'CIFAR-10', (name) => files.includes(name) || otherFiles.includes(name))

  const fill = (write: (temporary: string) => Promise<void>) =>
    fillFolder(folder, {
      ...{ write, verify: (temporary) => verifyCifar10(temporary, options), signal: options.signal },
    })
  if (from === undefined) {
    const archive = await downloadedArchive(options)
    onStage?.('unpack')
    await fill((temporary) => unpack(archive, temporary))
    await rm(archive)
    return { folder, how: 'downloaded' }
  }
  const archive = await archiveIn(from)
  if (archive !== undefined) {
    onStage?.('unpack')
    await fill((temporary) => unpack(archive, temporary))
  } else {
    const source = await verifyCifar10(from, options)
    onStage?.('copy')
    await fill(async (temporary) => {
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
  const nameOf = (name: string) => {
    const file = basename(name)
    return files.includes(file) || otherFiles.includes(file) ? file : undefined
  }
  await unpackTarGz(archive, folder, { nameOf, maxFileBytes })
}
