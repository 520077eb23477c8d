/** Puts COCO 2017 into a folder of this machine: downloaded and verified, or unpacked from archives that are there. */
import { existsSync } from 'node:fs'
import { mkdir, readdir, rm, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { checkImages, inspectCoco } from '../detection/coco-inspect.js'
import { DatasetError, isMissing, writeError } from '../files/errors.js'
import { fileSize } from '../files/file-size.js'
import { type DownloadOptions, type DownloadProgress, download, md5Of } from './download.js'
import { unzip } from './unzip.js'

export interface CocoArchive {
  /** The folder that it holds, which is its name too. */
  folder: 'train2017' | 'val2017' | 'annotations'
  /** Its place on the server. */
  path: string
  bytes: number
  md5: string
  /** How many files it holds, and how much room they take. */
  files: number
  unpackedBytes: number
}

/** Where COCO is (https://cocodataset.org/#download), with sizes and checksums. */
export const officialCoco: { url: string; archives: CocoArchive[] } = {
  url: 'http://images.cocodataset.org',
  archives: [
    {
      ...{ folder: 'annotations', path: 'annotations/annotations_trainval2017.zip' },
      ...{ bytes: 252_907_541, md5: 'f4bbac642086de4f52a3fdda2de5fa2c', files: 6, unpackedBytes: 830e6 },
    },
    {
      ...{ folder: 'val2017', path: 'zips/val2017.zip' },
      ...{ bytes: 815_585_330, md5: '442b8da7639aecaf257c1dceb8ba8c80', files: 5000, unpackedBytes: 820e6 },
    },
    {
      ...{ folder: 'train2017', path: 'zips/train2017.zip' },
      ...{ bytes: 19_336_861_798, md5: 'cced6f7f71b7629ddf16f17bbcfab6b2' },
      ...{ files: 118_287, unpackedBytes: 19_400e6 },
    },
  ],
}

export const cocoFolder = 'coco'

export const cocoParts = ['val', 'train', 'all'] as const
export type CocoPart = (typeof cocoParts)[number]

export interface FetchCocoOptions {
  /** Folder that is to hold `coco`; made if it is not there. */
  to: string
  /** `val` (1 GB) or `train` (19 GB) with the annotations of both, or `all`. Default `val`. */
  part?: CocoPart
  /** Instead of the official server: a folder that holds the archives, or a mirror with the same paths. */
  from?: string
  source?: typeof officialCoco
  onProgress?: (progress: DownloadProgress) => void
  /** Called when the next stage begins, with the archive or folder that it is about. */
  onStage?: (stage: 'download' | 'verify' | 'unpack' | 'check', name: string) => void
  signal?: AbortSignal
  /** Tries and timeouts of a download. */
  connection?: Pick<DownloadOptions, 'tries' | 'retryDelay' | 'silence'>
}

export interface FetchedCoco {
  /** The folder that holds `annotations`, `val2017` and `train2017` now. */
  folder: string
  /** `present`: it was there before, and nothing was done. */
  archives: { folder: string; how: 'present' | 'downloaded' | 'copied' }[]
}

/**
 * Puts COCO 2017 to `to/coco/{annotations,val2017,train2017}`. What is there is kept, so that an interrupted run
 * continues. Size and MD5 checksum of downloads are verified, and those of the files in archives; at last, the images
 * are compared with the annotations.
 *
 * @throws DownloadStopped by the signal; DatasetError for everything else, in one sentence.
 */
export async function fetchCoco(options: FetchCocoOptions): Promise<FetchedCoco> {
  const { to, part = 'val', source = officialCoco } = options
  const folder = join(to, cocoFolder)
  const wanted = source.archives.filter(
    (archive) => part === 'all' || archive.folder === 'annotations' || archive.folder === `${part}2017`,
  )
  const missing: CocoArchive[] = []
  for (const archive of wanted)
    if ((await unpackedFiles(folder, archive)) < archive.files) missing.push(archive)
  const places = await findArchives(missing, folder, options)
  await mkdir(folder, { recursive: true }).catch((error) => {
    throw writeError(error, folder)
  })
  await requireDiskSpace(folder, missing, places)
  const archives: FetchedCoco['archives'] = wanted.map((archive) => ({
    folder: archive.folder,
    how: !missing.includes(archive) ? 'present' : places.has(archive) ? 'copied' : 'downloaded',
  }))
  for (const archive of missing) await fetchArchive(archive, folder, places.get(archive), options)
  for (const { folder: images } of missing) {
    if (images !== 'annotations') await checkPart(folder, images, options)
  }
  return { folder, archives }
}

/** Files have their names only when they are complete. */
async function unpackedFiles(folder: string, archive: CocoArchive): Promise<number> {
  const names = await readdir(join(folder, archive.folder)).catch((error) => {
    if (isMissing(error)) return []
    throw writeError(error, folder)
  })
  return names.filter((name) => !name.endsWith('.part')).length
}

const isUrl = (from: string): boolean => /^[a-z]+:\/\//i.test(from)
const nameOf = ({ path }: CocoArchive): string => path.split('/').at(-1)!

/** Where the archives are in the folder `from`; nothing when they are to be downloaded. */
async function findArchives(
  archives: CocoArchive[],
  folder: string,
  { from }: FetchCocoOptions,
): Promise<Map<CocoArchive, string>> {
  const places = new Map<CocoArchive, string>()
  if (from === undefined || isUrl(from)) return places
  const found = await stat(from).catch((error) => {
    if (!isMissing(error)) throw error
  })
  if (!found?.isDirectory())
    throw new DatasetError(`There is no folder "${from}" to take COCO's archives from.`)
  for (const archive of archives) {
    const candidates = [join(from, nameOf(archive)), join(from, archive.path)]
    for (const candidate of candidates) {
      if (!places.has(archive) && (await fileSize(candidate)) !== undefined) places.set(archive, candidate)
    }
    if (places.has(archive)) continue
    const unpacked = existsSync(join(from, archive.folder))
    throw new DatasetError(
      `"${from}" has no ${nameOf(archive)}; ` +
        (unpacked
          ? `its folder ${archive.folder} is unpacked already: use it in place, or move it into "${folder}".`
          : 'put the archive there, or leave --from out to download it.'),
    )
  }
  return places
}

/** Refuses a disk that is too small before hours of downloading, not after. */
async function requireDiskSpace(
  folder: string,
  missing: CocoArchive[],
  places: Map<CocoArchive, string>,
): Promise<void> {
  let needed = 0
  for (const archive of missing) {
    const zip = join(folder, nameOf(archive))
    const here = (await fileSize(zip)) ?? (await fileSize(`${zip}.part`)) ?? 0
    const still = 1 - Math.min(1, (await unpackedFiles(folder, archive)) / archive.files)
    needed += still * archive.unpackedBytes + (places.has(archive) ? 0 : Math.max(0, archive.bytes - here))
  }
  const { bavail, bsize } = await statfs(folder)
  const free = bavail * bsize
  const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`
  if (needed > free)
    throw new DatasetError(
      `COCO needs ${gigabytes(needed)} more in "${folder}", archives and files together, but only ` +
        `${gigabytes(free)} are free; free some space, or choose another folder with --to.`,
    )
}

/** Downloads the archive, unless it is in `place` or was downloaded by an earlier run, and unpacks it. */
async function fetchArchive(
  archive: CocoArchive,
  folder: string,
  place: string | undefined,
  options: FetchCocoOptions,
): Promise<void> {
  const { source = officialCoco, from, onProgress, onStage, signal, connection } = options
  const name = nameOf(archive)
  const { bytes, md5 } = archive
  const zip = place ?? join(folder, name)
  if (place === undefined) {
    const server = (from ?? source.url).replace(/\/+$/, '')
    let complete = (await fileSize(zip)) === bytes
    if (complete) {
      onStage?.('verify', name)
      complete = (await md5Of(zip)) === md5
    }
    if (!complete) {
      onStage?.('download', name)
      await download({
        ...{ url: `${server}/${archive.path}`, path: zip, bytes, md5, onProgress, signal, ...connection },
      })
    }
  }
  onStage?.('unpack', name)
  await unzip(zip, folder, {
    only: archive.folder,
    signal,
    onProgress: (receivedBytes, totalBytes) => onProgress?.({ receivedBytes, totalBytes, resumedBytes: 0 }),
  })
  if (place === undefined) await rm(zip)
}

/** Compares the images with their annotations. */
async function checkPart(folder: string, images: string, { onStage }: FetchCocoOptions): Promise<void> {
  onStage?.('check', images)
  const file = join(folder, 'annotations', `instances_${images}.json`)
  const { coco } = await inspectCoco(file)
  // Unpacking has verified their checksums.
  const { faults } = await checkImages(coco, join(folder, images), file, { decode: false })
  if (faults.length === 0) return
  const count = faults.length === 1 ? '1 image does' : `${faults.length} images do`
  throw new DatasetError(
    `${count} not fit "${file}": ${faults[0]}; remove "${join(folder, images)}" and fetch it again.`,
  )
}
