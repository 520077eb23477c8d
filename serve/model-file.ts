/** A model file to serve: its card, and the checksum of the bytes that the card belongs to. */
import { createHash } from 'node:crypto'
import type { ModelCard } from '../src/shared/model-card.js'
import { readModel } from '../src/shared/read-model.js'
import { ServeError } from './errors.js'

export interface ServedFile {
  path: string
  card: ModelCard
  /** SHA-256 of the whole file, in hexadecimal digits. */
  sha256: string
  /** False when the file carries no checksum of its own, and damage may go unnoticed. */
  verified: boolean
}

/** Digits of the checksum that name a version: enough to tell the files of one name apart. */
const VERSION_DIGITS = 12

/** What tells the models of one name apart: the first digits of the file's SHA-256. */
export function versionOf({ sha256 }: Pick<ServedFile, 'sha256'>): string {
  return sha256.slice(0, VERSION_DIGITS)
}

/** Reads and verifies a model file. @throws UserError as `readModel` does */
export async function readServedFile(path: string): Promise<ServedFile> {
  const { card, bytes, verified } = await readModel(path)
  return { path, card, sha256: createHash('sha256').update(bytes).digest('hex'), verified }
}

/** Reads several files. @throws as `readServedFile` and `requireDistinct` do */
export async function readServedFiles(paths: string[]): Promise<ServedFile[]> {
  const files: ServedFile[] = []
  for (const path of paths) files.push(await readServedFile(path))
  requireDistinct(files)
  return files
}

/**
 * Several files may hold versions of one model, but not the same one.
 *
 * @throws ServeError when two files are the same, or two of one name are for different tasks
 */
export function requireDistinct(files: readonly ServedFile[]): void {
  for (const [index, file] of files.entries()) {
    const twins = files.slice(0, index).filter(({ card }) => card.name === file.card.name)
    for (const twin of twins) {
      const both = `${twin.path} and ${file.path} are both named "${file.card.name}"`
      if (twin.sha256 === file.sha256) throw new ServeError(`${both} and hold the same; serve one of them.`)
      if (twin.card.task !== file.card.task)
        throw new ServeError(`${both}, but are for different tasks; serve one of them.`)
    }
  }
}
