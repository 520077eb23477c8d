/** Which tar files a folder, a pattern or a path stands for, and to which part of the data set each belongs. */
import { existsSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { type PartName, partOfFolder } from '../classification/class-folders.js'
import { DatasetError } from '../files/errors.js'
import { type Entries, entriesOf } from '../files/image-files.js'
import { listed } from '../files/left-out.js'
import { expandBraces } from './braces.js'

export interface ShardFile {
  path: string
  /** Relative to the folder of the data set, for its fingerprint. */
  name: string
}

export interface ShardFiles {
  /** The folder that the shards lie in, or their parts' folders. */
  folder: string
  /** Paths of each part, in the order of the names. */
  parts: Partial<Record<PartName, ShardFile[]>>
}

const isTar = (name: string): boolean => /\.tar$/i.test(name)

/** Tars that are compressed, by their names. */
const isCompressedTar = (name: string): boolean => /\.(tar\.(gz|zst|xz|bz2)|tgz|txz|tbz2?|tzst)$/i.test(name)

export const isShardName = (name: string): boolean => isTar(name) || isCompressedTar(name)

/**
 * The shards in a folder: those that lie in it, each in the part that its name says (`imagenet1k-train-0000.tar`; one without
 * a part is of train), and those in its folders train, val and test.
 *
 * @returns null when there are none
 * @throws DatasetError when it is not clear to which part some belong, or all are compressed
 */
export async function shardsInFolder(folder: string): Promise<ShardFiles | null> {
  const top = await entriesOf(folder)
  const found = shardsOf(top, folder, '').map((shard) => ({ ...shard, part: partOfName(shard.name) }))
  for (const { name } of top.folders) {
    const part = partOfFolder(name)
    if (part === undefined) continue
    const place = join(folder, name)
    found.push(...shardsOf(await entriesOf(place), place, `${name}/`).map((shard) => ({ ...shard, part })))
  }
  return found.length === 0 ? null : { folder, parts: intoParts(folder, found) }
}

function shardsOf({ files }: Entries, folder: string, prefix: string): ShardFile[] {
  const tars = files.filter(isTar)
  // Compressed ones are kept where there are no others, so that the refusal names them.
  const chosen = tars.length > 0 ? tars : files.filter(isCompressedTar)
  return chosen.map((name) => ({ name: `${prefix}${name}`, path: join(folder, name) }))
}

/**
 * The shards that a pattern with braces or the path of one tar stands for.
 *
 * @throws DatasetError when one is not there
 */
export function shardsOfPattern(pattern: string): ShardFiles {
  const paths = existsSync(pattern) ? [pattern] : expandBraces(pattern)
  const missing = paths.filter((path) => !existsSync(path) || !statSync(path).isFile())
  if (missing.length === paths.length)
    throw new DatasetError(
      `No file fits "${pattern}": there is no ${listed(missing)}; name shards that exist.`,
    )
  if (missing.length > 0)
    throw new DatasetError(
      `${missing.length} of the ${paths.length} shards of "${pattern}" are missing: ${listed(missing)}; ` +
        'fetch them, or give a smaller range.',
    )
  const folder = dirname(paths[0])
  const shards = paths.map((path) => ({ path, name: basename(path), part: partOfName(basename(path)) }))
  const named = new Set(shards.map(({ part }) => part))
  // A pattern that leads to one part alone is the data set, whatever part its shards once were.
  if (named.size === 1) return { folder, parts: { train: shards.map(({ path, name }) => ({ path, name })) } }
  return { folder, parts: intoParts(pattern, shards) }
}

/** The part that a shard's name says, by one of its words. */
function partOfName(name: string): PartName | undefined {
  const parts = name
    .split(/[^a-z]+/i)
    .flatMap((word) => partOfFolder(word === 'training' ? 'train' : word) ?? [])
  return parts[0]
}

function intoParts(
  title: string,
  found: readonly (ShardFile & { part: PartName | undefined })[],
): ShardFiles['parts'] {
  const isNamed = found.some(({ part }) => part === 'train')
  const parts: ShardFiles['parts'] = {}
  for (const { path, name, part = 'train' } of found) {
    const isUnclear = isNamed && !found.some((one) => one.path === path && one.part !== undefined)
    if (isUnclear)
      throw new DatasetError(
        `It is not clear to which part of "${title}" the shard ${name} belongs: others are named for train; rename it, ` +
          'or move it elsewhere.',
      )
    parts[part] = [...(parts[part] ?? []), { path, name }]
  }
  for (const [part, shards] of Object.entries(parts)) {
    const places = [...new Set(shards.map(({ path }) => dirname(path)))]
    if (places.length > 1)
      throw new DatasetError(
        `"${title}" has shards of its ${part} part in several folders: ${places.join(' and ')}; keep one of them and ` +
          'move the others elsewhere.',
      )
  }
  return parts
}
