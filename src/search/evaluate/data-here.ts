/** Where the data of a search lies on the machine that evaluates. */
import { existsSync } from 'node:fs'
import { join, sep } from 'node:path'
import { fetchedFolder, kindOf } from '../../train/images/data-place.js'
import type { DataConfig } from '../../train/settings/config.js'
import type { Machine } from './machine.js'

/**
 * The data of a search on this machine: in the place that the machine names, in the search's own, or, where that is on
 * another machine, in the same place below the working folder or where fetched data sets lie by default. The
 * fingerprint decides whether it is the same data.
 */
export function dataHere(data: DataConfig, { dataFolder, imageFolder }: Machine): DataConfig {
  const { name } = data
  switch (kindOf(name)) {
    case 'embedded':
      return data
    case 'cifar10':
    case 'imagenet':
      return { ...data, folder: dataFolder ?? fetchedFolder(data) }
    case 'folder':
      return { ...data, name: imageFolder ?? folderHere(name), folder: dataFolder ?? data.folder }
  }
}

/** The folder, or else the longest end of its path that there is below the working folder. */
function folderHere(folder: string): string {
  if (existsSync(folder)) return folder
  const parts = folder.split(sep).filter((part) => part !== '')
  const ends = parts.map((_, from) => join(...parts.slice(from)))
  return ends.find((end) => existsSync(end)) ?? folder
}
