/** Opens labelled images of any size by looking at what lies where they are said to be. */
import { existsSync, statSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { bareClasses } from '../classification/bare-classes.js'
import { defaultDataDir } from '../files/data-dir.js'
import { DatasetError } from '../files/errors.js'
import { imageFormats } from '../files/image-files.js'
import { hasBraces } from './braces.js'
import { folderOfParts, openFolders } from './folders.js'
import { type ImageSources, type OpenOptions, withDefaults } from './opened.js'
import { isShardName, type ShardFiles, shardsInFolder, shardsOfPattern } from './shard-files.js'
import { openShards } from './shards.js'

/** ImageNet by its name, and its folder in that of the data sets. */
export const imageNetName = 'imagenet'

/**
 * Opens images without reading them: class folders, in train/ or alone, ILSVRC as it is distributed, or shards in
 * WebDataset's form.
 *
 * @param nameOrFolder `imagenet` (looked for in `dataDir`), a folder, a tar file, or a pattern such as
 * `shards/train-{000000..000146}.tar`
 * @throws DatasetError that says what is missing or damaged, and what to do; the signal's reason when it is aborted
 */
export async function openImageSources(
  nameOrFolder: string,
  options: OpenOptions = {},
): Promise<ImageSources> {
  const settings = withDefaults(options)
  const { place, found } = await find(nameOrFolder, options.dataDir)
  if (found === null) throw await nothingThere(place)
  return found.kind === 'shards'
    ? openShards(nameOrFolder, found.shards, settings)
    : openFolders(nameOrFolder, place, found.parts, settings)
}

/**
 * Whether `openImageSources` finds something to open: false for `embedded`, `cifar10`, folders of other kinds, and where
 * there is nothing.
 *
 * @throws DatasetError as `openImageSources` does for `imagenet`, tar files and patterns that are not there
 */
export async function hasImageSources(
  nameOrFolder: string,
  { dataDir }: Pick<OpenOptions, 'dataDir'> = {},
): Promise<boolean> {
  if (nameOrFolder === 'embedded' || nameOrFolder === 'cifar10') return false
  const isNamed = isPattern(nameOrFolder) || isShardName(nameOrFolder) || nameOrFolder === imageNetName
  if (!isNamed && !existsSync(nameOrFolder)) return false
  return (await find(nameOrFolder, dataDir)).found !== null
}

type Found = { kind: 'folders'; parts: string } | { kind: 'shards'; shards: ShardFiles }

async function find(
  nameOrFolder: string,
  dataDir = defaultDataDir(),
): Promise<{ place: string; found: Found | null }> {
  const place = nameOrFolder === imageNetName ? join(dataDir, imageNetName) : nameOrFolder
  if (isPattern(place) || (isShardName(place) && !isFolder(place)))
    return { place, found: { kind: 'shards', shards: shardsOfPattern(place) } }
  if (!existsSync(place)) throw nameOrFolder === imageNetName ? noImageNet(dataDir) : noData(place)
  if (!isFolder(place)) return { place, found: null }
  const parts = await folderOfParts(place)
  if (parts !== null) return { place, found: { kind: 'folders', parts } }
  const shards = await shardsInFolder(place)
  if (shards !== null) return { place, found: { kind: 'shards', shards } }
  return { place, found: (await bareClasses(place)) && { kind: 'folders', parts: place } }
}

const isFolder = (path: string): boolean => existsSync(path) && statSync(path).isDirectory()

const isPattern = (path: string): boolean => hasBraces(path) && !existsSync(path)

const noImageNet = (dataDir: string): DatasetError =>
  new DatasetError(
    `ImageNet is not in "${join(dataDir, imageNetName)}"; it needs an account at image-net.org (ILSVRC2012_img_train.tar ` +
      "and ILSVRC2012_img_val.tar), Kaggle (imagenet-object-localization-challenge) or Hugging Face (timm's " +
      'imagenet-1k-wds). Put it there unpacked, as these tars or as shards, or name its folder with --data DIR.',
  )

const noData = (place: string): DatasetError =>
  new DatasetError(`There is no data set "${place}": it is neither a folder nor a tar file that exists.`)

async function nothingThere(place: string): Promise<DatasetError> {
  const wanted = `<class>/*.jpg or train/<class>/*.jpg (${imageFormats}), tar shards such as train-000000.tar, or ILSVRC2012_img_train.tar`
  if (!isFolder(place))
    return new DatasetError(`"${place}" is no data set of images: it is neither a folder nor a tar file.`)
  const isEmpty = (await readdir(place)).length === 0
  return new DatasetError(
    isEmpty
      ? `The folder "${place}" is empty; it needs ${wanted}.`
      : `"${place}" holds no images that can be opened; it needs ${wanted}.`,
  )
}
