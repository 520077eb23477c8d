/** The place of the images of a run, and whether they are still those that the run started with. */
import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { cifar10Folder, type DataFingerprint, defaultDataDir, imageNetName } from '../../../datasets/index.js'
import type { Preprocessing } from '../../shared/classifier-input.js'
import { UserError } from '../../shared/errors.js'
import type { DataConfig } from '../settings/config.js'

/** The warning for an evaluation on data that has changed since the run started. */
export const changedNote = (name: string, change: string): string =>
  `${name} is not the same data as at the start of the run: ${change}. The metrics are of the data that is there now.`

/** Throws a `UserError` when the data that a run started with is not in its folder any more. */
export function refuseMoved(data: DataConfig): void {
  if (data.fingerprint === undefined || isHere(data)) return
  const [place, flag] =
    kindOf(data.name) === 'folder' ? [data.name, '--data'] : [data.folder ?? defaultDataDir(), '--data-dir']
  throw new UserError(
    `The data used so far is no longer in ${place}; if it was moved, name its folder with ${flag}`,
  )
}

type Place = Pick<DataConfig, 'name' | 'folder' | 'fingerprint'>

/** Folders of fetched data sets below that of all of them. */
const FOLDERS = { cifar10: cifar10Folder, imagenet: imageNetName } as const

const holds = (folder: string, kind: keyof typeof FOLDERS): boolean => existsSync(join(folder, FOLDERS[kind]))

/**
 * The folder of fetched data: the recorded one or, when that has no data any more, the default one (null) if that has.
 * The fingerprint decides whether the data is the same.
 */
export function fetchedFolder({ name, folder, fingerprint }: Place): string | null {
  const kind = kindOf(name)
  if (!isFetched(kind) || fingerprint === undefined || folder === null) return folder
  return !holds(folder, kind) && holds(defaultDataDir(), kind) ? null : folder
}

/** Whether there is anything at the place of the data. */
export function isHere(data: Place): boolean {
  const kind = kindOf(data.name)
  if (isFetched(kind)) return holds(fetchedFolder(data) ?? defaultDataDir(), kind)
  return kind === 'embedded' || existsSync(data.name) || existsSync(folderOfPattern(data.name))
}

/** The folder in which a pattern such as `shards/train-{000..146}.tar` looks; an empty text where it is none. */
const folderOfPattern = (name: string): string => {
  const [before, ...rest] = name.split('{')
  return rest.length === 0 ? '' : dirname(`${before}x`)
}

/** The error for data that has changed since a run or a search started. */
export function changedData(data: Pick<DataConfig, 'name' | 'folder'>, change: string): UserError {
  const flag = kindOf(data.name) === 'folder' ? '--data' : '--data-dir'
  return new UserError(
    `${shownName(data)} is not the same data as at the start: ${change}. Restore it, name the folder that holds it ` +
      `unchanged with ${flag}, or start again`,
  )
}

/** Names of data sets that are not folders. */
const NAMED = ['embedded', 'cifar10', 'imagenet'] as const

type DataKind = (typeof NAMED)[number] | 'folder'

/** The kind of data that a name stands for. */
export function kindOf(name: string): DataKind {
  return NAMED.find((named) => named === name) ?? 'folder'
}

const isFetched = (kind: DataKind): kind is keyof typeof FOLDERS => kind in FOLDERS

/** The kind of data that a run depends on: ImageNet is a folder of images that may be named by its path too. */
export const fixedKindOf = (name: string): DataKind => {
  const kind = kindOf(name)
  return kind === 'imagenet' ? 'folder' : kind
}

/** Throws a `UserError` where a preprocessing is asked for of images that need none. */
export function refusePreprocessing(name: string, preprocessing: Preprocessing | undefined): void {
  if (preprocessing === undefined || fixedKindOf(name) === 'folder') return
  throw new UserError(`The images of ${name} have the size that they are used in; leave --preprocessing out`)
}

/** Name and folder of a data set, for messages. */
export const shownName = ({ name, folder }: Pick<DataConfig, 'name' | 'folder'>): string =>
  folder === null || kindOf(name) === 'folder' ? name : `${name} in ${folder}`

/** The place of data with absolute paths, so that it is found from every working directory. */
export function absolutePlace({
  name,
  folder,
}: Pick<DataConfig, 'name' | 'folder'>): Pick<DataConfig, 'name' | 'folder'> {
  switch (kindOf(name)) {
    case 'embedded':
      return { name, folder }
    case 'cifar10':
    case 'imagenet':
      return { name, folder: resolve(folder ?? defaultDataDir()) }
    case 'folder':
      return { name: resolve(name), folder: folder === null ? null : resolve(folder) }
  }
}

/** The data of a config with a record of its absolute place and its fingerprint. */
export function withPlace(data: DataConfig, fingerprint: DataFingerprint | undefined): DataConfig {
  const { fingerprint: _, ...before } = data
  return { ...before, ...absolutePlace(data), ...(fingerprint && { fingerprint }) }
}
