import { stat } from 'node:fs/promises'
import { isMissing } from './errors.js'

/** Bytes of the file at a path; undefined where there is none. Rejects with the system's error where it cannot be known. */
export async function fileSize(path: string): Promise<number | undefined> {
  try {
    const found = await stat(path)
    return found.isFile() ? found.size : undefined
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}
