/** Keras 3's `.keras`: a zip archive of `config.json`, `metadata.json` and `model.weights.h5`. */
import { randomBytes } from 'node:crypto'
import { type FileHandle, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readZip, type ZipEntry } from '../../../datasets/fetch/zip.js'
import { isUserError, UserError } from '../../shared/errors.js'
import { fileError, isFileError } from '../../shared/files.js'

const WEIGHTS = 'model.weights.h5'
const CONFIG = 'config.json'
/** Larger contents must not be more than {@link MOST_EXPANSION} times as large as the archive: the bounds of Keras. */
const UNSUSPECTED_BYTES = 2 ** 28
const MOST_EXPANSION = 100
const LARGEST_CONFIG = 2 ** 26

export interface UnpackedModel {
  /** A temporary file without a name, which is gone when it is closed. */
  weights: FileHandle
  config: string
}

/**
 * Unpacks an archive's weights, of which size and checksum are verified.
 *
 * @param path For messages.
 * @throws UserError when the archive is damaged, is none of Keras, or would expand too much
 */
export async function unpackKeras(archive: FileHandle, path: string): Promise<UnpackedModel> {
  const refuse = (reason: string, cause?: unknown): never => {
    throw new UserError(`Cannot read ${path}: ${reason}`, { cause })
  }
  try {
    const { size } = await archive.stat()
    const entries = new Map((await readZip(archive)).map((entry) => [entry.name, entry]))
    const weights = entries.get(WEIGHTS)
    const config = entries.get(CONFIG)
    if (weights === undefined || config === undefined)
      return refuse(`it is a zip archive, but not one of Keras: it holds no ${weights ? CONFIG : WEIGHTS}`)
    if (config.bytes > LARGEST_CONFIG) refuse(`its ${CONFIG} is too large`)
    if (weights.bytes > Math.max(UNSUSPECTED_BYTES, MOST_EXPANSION * size))
      refuse(`its ${WEIGHTS} would expand to ${weights.bytes} bytes, as no weights do`)
    return { config: await textOf(config), weights: await unpack(weights) }
  } catch (error) {
    if (error instanceof UserError) throw error
    if (isFileError(error)) throw fileError('read', path, error)
    // Errors of the archive are reasons.
    return isUserError(error) ? refuse(error.message, error) : Promise.reject(error)
  }
}

async function textOf(entry: ZipEntry): Promise<string> {
  const pieces: Buffer[] = []
  for await (const piece of entry.content()) pieces.push(piece)
  return Buffer.concat(pieces).toString('utf8')
}

async function unpack(entry: ZipEntry): Promise<FileHandle> {
  const temporary = join(tmpdir(), `keras-weights-${randomBytes(8).toString('hex')}.h5`)
  let file: FileHandle | undefined
  try {
    file = await open(temporary, 'wx+', 0o600)
    // Without a name already, so that nothing is left however the process ends.
    await rm(temporary)
    for await (const piece of entry.content()) await file.writeFile(piece)
    return file
  } catch (error) {
    await file?.close()
    throw isFileError(error) ? fileError('unpack the weights to', temporary, error) : error
  }
}
