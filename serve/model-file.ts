/** A model file as it is served: its card, and which bytes the card belongs to. */
import { createHash } from 'node:crypto'
import { type ModelCard, readModel } from '../src/shared/model-card.js'

export interface ServedFile {
  path: string
  card: ModelCard
  /** SHA-256 of the whole file, in hexadecimal digits. */
  sha256: string
  /** False: the file carries no checksum of its own, and damage would hardly be noticed. */
  verified: boolean
}

/** Reads and verifies a model file. @throws UserError as `readModel` does */
export async function readServedFile(path: string): Promise<ServedFile> {
  const { card, bytes, verified } = await readModel(path)
  return { path, card, sha256: createHash('sha256').update(bytes).digest('hex'), verified }
}
