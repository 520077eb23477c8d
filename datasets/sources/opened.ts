import type { PartName } from '../classification/class-folders.js'
import type { DataFingerprint } from '../classification/dataset-fingerprint.js'
import type { ImageSource } from '../classification/image-source.js'
import { defaultCacheDir } from './index-cache.js'

export interface OpenProgress {
  /** What is counted: bytes of tar files whose members are listed, or image files whose size is noted. */
  unit: 'bytes' | 'files'
  done: number
  total: number
}

export interface OpenOptions {
  /** Where data sets lie that are opened by name. Default: the variable TOOLKIT_DATA, or else `.data`. */
  dataDir?: string
  /** Where indexes of tar files are kept. Default: `$XDG_CACHE_HOME/nasnet-toolkit`, or what is usual on the system. */
  cacheDir?: string
  onProgress?: (progress: OpenProgress) => void
  /** Aborting it makes the call reject with its reason. */
  signal?: AbortSignal
}

export interface ImageSources {
  train: ImageSource
  validation?: ImageSource
  test?: ImageSource
  classes: string[]
  /** Of the files: of images that are files of their own, or of the tar files that hold them. */
  fingerprint: DataFingerprint
  /** What the user should see, such as files that are left out. */
  warnings: string[]
}

export const partNames: readonly PartName[] = ['train', 'validation', 'test']

/** The options with what is usual for those that are not given. */
export function withDefaults(options: OpenOptions) {
  return { ...options, cacheDir: options.cacheDir ?? defaultCacheDir() }
}

export type OpenSettings = ReturnType<typeof withDefaults>
