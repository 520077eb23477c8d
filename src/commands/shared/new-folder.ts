/** Folders that a command makes when none is named. */
import { existsSync } from 'node:fs'
import { basename } from 'node:path'
import type { ModelConfig } from '../../train/settings/config.js'

/** The path, or the first of path-2, path-3, … that does not exist yet. */
export function freeFolder(path: string): string {
  let free = path
  for (let number = 2; existsSync(free); number++) free = `${path}-${number}`
  return free
}

/** A new folder for a run, for example `runs/cifar10-nasnet-a-2x32`; `data` is a name or a path. */
export function freeRunFolder(
  data: string,
  network: Pick<ModelConfig, 'name' | 'cells' | 'filters'>,
): string {
  const { name, cells, filters } = network
  const run = `${basename(data)}-${name}-${cells}x${filters}`.replace(/[^\w.-]+/g, '_')
  return freeFolder(`runs/${run}`)
}
