import { stat } from 'node:fs/promises'
import { type FilesFingerprint, filesFingerprint, type NamedFile } from './fingerprint.js'
import { inParallel } from './parallel.js'

/** Files that are looked at in parallel. */
const PARALLEL = 32

/**
 * The fingerprint of files by their names and sizes.
 *
 * @param onFile Called after each file
 */
export async function fingerprintOfSizes(
  files: readonly { name: string; path: string }[],
  onFile?: () => void,
): Promise<FilesFingerprint> {
  const named = new Array<NamedFile>(files.length)
  await inParallel(files.entries(), PARALLEL, async ([i, { name, path }]) => {
    named[i] = { name, bytes: (await stat(path)).size }
    onFile?.()
  })
  return filesFingerprint(named)
}
