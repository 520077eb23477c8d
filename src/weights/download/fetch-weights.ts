/** Puts published weights into a folder of this machine: downloaded, or unpacked from an archive that is there. */
import { rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import {
  type DownloadOptions,
  type DownloadProgress,
  download,
  hashOf,
} from '../../../datasets/fetch/download.js'
import { fillFolder, refuseForeignFiles } from '../../../datasets/fetch/fill-folder.js'
import { unpackTarGz } from '../../../datasets/fetch/unpack-tar.js'
import { DatasetError, isMissing, writeError } from '../../../datasets/files/errors.js'
import { fileSize } from '../../../datasets/files/file-size.js'
import { isUserError, UserError } from '../../shared/errors.js'
import { makeFolder, readText, writeFileAtomically } from '../../shared/files.js'
import { type PublishedName, type PublishedWeights, publishedWeights } from '../published.js'
import { verifyWeights } from './verify-weights.js'

/** No file of these archives is larger, so that a forged one cannot fill the disk. */
const MAX_FILE_BYTES = 4 * 2 ** 30
/** What else of an archive may be wanted: which checkpoint is the latest, and a detector's settings. */
const OTHER_FILES = ['checkpoint', 'pipeline.config']

export interface FetchWeightsOptions {
  name: PublishedName
  /** Folder that is to hold a folder of that name; made if it is not there. */
  to: string
  /** Instead of downloading: the archive, or the folder that holds it. */
  from?: string
  /** A mirror's address of the archive, instead of the table's. */
  url?: string
  /** Default: what the table has under the name. */
  source?: PublishedWeights
  onProgress?: (progress: DownloadProgress) => void
  /** Called when the next stage begins. */
  onStage?: (stage: 'verify' | 'download' | 'unpack') => void
  signal?: AbortSignal
  /** Tries and timeouts of the download. */
  connection?: Pick<DownloadOptions, 'tries' | 'retryDelay' | 'silence'>
}

export interface FetchedWeights {
  folder: string
  /** The checkpoint's path, as TensorFlow and `import-weights` take it. */
  checkpoint: string
  /** `present`: it was complete before, and nothing was done. */
  how: 'present' | 'downloaded' | 'unpacked'
  tensors: number
  /** Of the archive, where it is known; it is noted beside the folder at the first download. */
  sha256?: string
}

/**
 * Puts weights to `to/NAME`. The folder appears there complete and verified or not at all; a damaged one is replaced. The
 * SHA-256 of the first archive that was downloaded is noted in `to/ARCHIVE.sha256`, and later ones must have it.
 *
 * @throws DownloadStopped by the signal; DatasetError or UserError for everything else, in one sentence
 */
export async function fetchWeights(options: FetchWeightsOptions): Promise<FetchedWeights> {
  const { name, to, from, signal, onStage } = options
  const source: PublishedWeights = options.source ?? publishedWeights[name]
  const folder = join(to, name)
  const place = { folder, checkpoint: join(folder, source.checkpoint) }
  await makeFolder(to).catch((error) => {
    throw writeError(error, to)
  })
  const record = join(to, `${basename(source.url)}.sha256`)
  const noted = await notedChecksum(record)
  onStage?.('verify')
  const present = await complete(folder, source)
  if (present !== undefined)
    return { ...place, how: 'present', tensors: present, ...(noted !== undefined && { sha256: noted }) }
  const isOwn = (file: string) => nameInFolder(file, source) !== undefined
  await refuseForeignFiles(folder, name, isOwn)

  const archive = from === undefined ? await downloaded(options, source) : await archiveIn(from, source)
  onStage?.('unpack')
  const sha256 = await hashOf(archive, 'sha256')
  if (noted !== undefined && sha256 !== noted)
    throw new DatasetError(
      `"${archive}" has the SHA-256 ${sha256}, but the archive that was downloaded first had ${noted}; ` +
        `if the authors have replaced it, remove "${record}" and run the same command again, or else the archive.`,
    )
  let tensors = 0
  await fillFolder(folder, {
    write: (temporary) =>
      unpackTarGz(archive, temporary, {
        nameOf: (file) => nameInFolder(file, source),
        maxFileBytes: MAX_FILE_BYTES,
      }),
    verify: async (temporary) => {
      tensors = await verifyWeights(temporary, source, signal).catch((error) => {
        throw isUserError(error) ? notThese(archive, name, temporary, error) : error
      })
    },
    signal,
  })
  if (from === undefined) {
    if (noted === undefined) await writeFileAtomically(record, `${sha256}  ${basename(source.url)}\n`)
    await rm(archive)
  }
  return { ...place, how: from === undefined ? 'downloaded' : 'unpacked', tensors, sha256 }
}

/** The checkpoint's files lie in the archive's only folder, or loose. */
function nameInFolder(path: string, { checkpoint }: PublishedWeights): string | undefined {
  const file = basename(path)
  const folder = dirname(path.replace(/^\.\//, ''))
  if (folder.includes('/')) return undefined
  const rest = file.startsWith(checkpoint) ? file.slice(checkpoint.length) : undefined
  const isOwn = rest !== undefined && /^(?:|\.index|\.data-\d{5}-of-\d{5})$/.test(rest)
  return isOwn || OTHER_FILES.includes(file) ? file : undefined
}

/** How many tensors the folder has; undefined when it is not there, or not whole. */
async function complete(folder: string, source: PublishedWeights): Promise<number | undefined> {
  try {
    return await verifyWeights(folder, source)
  } catch (error) {
    if (isUserError(error)) return undefined
    throw error
  }
}

function notThese(archive: string, name: string, temporary: string, error: Error): UserError {
  const reason = error.message.replaceAll(`${temporary}/`, '')
  return new UserError(`The archive "${archive}" does not hold ${name}: ${reason}`, { cause: error })
}

/** The checksum in a file of the form that `sha256sum` writes. */
async function notedChecksum(record: string): Promise<string | undefined> {
  if ((await fileSize(record)) === undefined) return undefined
  const noted = /^[0-9a-f]{64}(?= )/.exec(await readText(record, `${record} is missing`))?.[0]
  if (noted === undefined)
    throw new UserError(
      `"${record}" holds no SHA-256, as it must; remove it to note that of the next download`,
    )
  return noted
}

/** Downloads the archive, unless an earlier run has and could not finish unpacking. */
async function downloaded(
  { to, url, onStage, onProgress, signal, connection }: FetchWeightsOptions,
  source: PublishedWeights,
): Promise<string> {
  const path = join(to, basename(source.url))
  if ((await fileSize(path)) !== undefined) return path
  onStage?.('download')
  await download({ url: url ?? source.url, path, onProgress, signal, ...connection })
  return path
}

async function archiveIn(from: string, { url, checkpoint }: PublishedWeights): Promise<string> {
  const found = await stat(from).catch((error) => {
    if (!isMissing(error)) throw error
    throw new DatasetError(`There is no "${from}" to take the weights from.`)
  })
  if (found.isFile()) return from
  const inside = join(from, basename(url))
  if ((await fileSize(inside)) !== undefined) return inside
  const unpacked = (await fileSize(join(from, `${checkpoint}.index`))) !== undefined
  throw new DatasetError(
    `"${from}" has no ${basename(url)}; ` +
      (unpacked
        ? 'it holds an unpacked checkpoint, which can be used in place: give its path to import-weights.'
        : 'put the archive there, or leave --from out to download it.'),
  )
}
