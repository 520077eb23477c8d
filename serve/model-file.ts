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

/** Reads and verifies a model file. @throws UserError as `readModel` does */
export async function readServedFile(path: string): Promise<ServedFile> {
  const { card, bytes, verified } = await readModel(path)
  return { path, card, sha256: createHash('sha256').update(bytes).digest('hex'), verified }
}

/** Reads several files. @throws as `readServedFile` does; ServeError when two models have one name */
export async function readServedFiles(paths: string[]): Promise<ServedFile[]> {
  const files: ServedFile[] = []
  for (const path of paths) {
    const file = await readServedFile(path)
    const twin = files.find(({ card }) => card.name === file.card.name)
    if (twin !== undefined)
      throw new ServeError(`${twin.path} and ${path} are both named "${file.card.name}"; serve one of them.`)
    files.push(file)
  }
  return files
}
