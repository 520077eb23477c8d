/** The place of the images of a run, and whether they are still those that the run started with. */
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { cifar10Folder, type DataFingerprint, defaultDataDir } from '../../../datasets/index.js'
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

const holdsCifar10 = (folder: string): boolean => existsSync(join(folder, cifar10Folder))

/**
 * The folder of fetched data: the recorded one or, when that has no data any more, the default one (null) if that has.
 * The fingerprint decides whether the data is the same.
 */
export function fetchedFolder({ name, folder, fingerprint }: Place): string | null {
  if (kindOf(name) !== 'cifar10' || fingerprint === undefined || folder === null) return folder
  return !holdsCifar10(folder) && holdsCifar10(defaultDataDir()) ? null : folder
}

/** Whether there is anything at the place of the data. */
export function isHere(data: Place): boolean {
  const kind = kindOf(data.name)
  if (kind === 'cifar10') return holdsCifar10(fetchedFolder(data) ?? defaultDataDir())
  return kind === 'embedded' || existsSync(data.name)
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
const NAMED = ['embedded', 'cifar10'] as const

/** The kind of data that a name stands for. */
export function kindOf(name: string): (typeof NAMED)[number] | 'folder' {
  return NAMED.find((named) => named === name) ?? 'folder'
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
