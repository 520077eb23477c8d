/** Where the images of a run lie, and whether they are still those that it began with. */
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { cifar10Folder, type DataFingerprint, defaultDataDir } from '../../../datasets/index.js'
import { UserError } from '../../shared/errors.js'
import type { DataConfig } from '../settings/config.js'

/** What is said where data that differs from what a run began with is measured on all the same. */
export const changedNote = (name: string, change: string): string =>
  `${name} is not the same data as at the start of the run: ${change}. The metrics are of the data that is there now.`

/** Throws a `UserError` when data that a run began with is no longer in its folder. */
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
 * Where fetched data lies: in the folder that is noted or, where that holds none any more, in the default one if that
 * does. The fingerprint decides whether it is the same.
 */
export function fetchedFolder({ name, folder, fingerprint }: Place): string | null {
  if (kindOf(name) !== 'cifar10' || fingerprint === undefined || folder === null) return folder
  return !holdsCifar10(folder) && holdsCifar10(defaultDataDir()) ? null : folder
}

/** Whether there is anything in the place of the data. */
export function isHere(data: Place): boolean {
  const kind = kindOf(data.name)
  if (kind === 'cifar10') return holdsCifar10(fetchedFolder(data) ?? defaultDataDir())
  return kind === 'embedded' || existsSync(data.name)
}

/** What is thrown for data that differs from what a run or a search began with. */
export function changedData(data: Pick<DataConfig, 'name' | 'folder'>, change: string): UserError {
  const flag = kindOf(data.name) === 'folder' ? '--data' : '--data-dir'
  return new UserError(
    `${shownName(data)} is not the same data as at the start: ${change}. Restore it, name the folder that holds it ` +
      `unchanged with ${flag}, or begin anew`,
  )
}

/** Names of data sets that are not folders. */
const NAMED = ['embedded', 'cifar10'] as const

/** What a name stands for: how the data is found, wherever it lies. */
export function kindOf(name: string): (typeof NAMED)[number] | 'folder' {
  return NAMED.find((named) => named === name) ?? 'folder'
}

export const shownName = ({ name, folder }: Pick<DataConfig, 'name' | 'folder'>): string =>
  folder === null || kindOf(name) === 'folder' ? name : `${name} in ${folder}`

/** Where data lies, as it is found from every working directory. */
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

/** The data of a config with where it lies and what it is like noted. */
export function withPlace(data: DataConfig, fingerprint: DataFingerprint | undefined): DataConfig {
  const { fingerprint: _, ...before } = data
  return { ...before, ...absolutePlace(data), ...(fingerprint && { fingerprint }) }
}
