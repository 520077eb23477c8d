/** A file of the search's machine that its workers need, such as shared weights: in pieces on Redis, with a checksum. */
import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import type { Redis } from 'ioredis'
import { fileError, isFileError } from '../../shared/files.js'
import type { EvaluatorSettings } from '../evaluate/evaluator.js'
import { pause, unlessAborted } from '../execution/abortable.js'
import type { RedisConnection } from './connection.js'
import { type FoundSearch, KEEP_SECONDS, keysOf, readRecord, type SentFile, type Timing } from './search.js'

export interface FileToSend {
  file: SentFile
  bytes: Buffer
}

/** Bytes of a piece: few, so that Redis serves other clients between two of them. */
const PIECE = 2 ** 20

const checksum = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

/** Throws a UserError that names the file when it cannot be read. */
export async function fileToSend(setting: string, path: string): Promise<FileToSend> {
  try {
    const bytes = await readFile(path)
    const pieces = Math.max(1, Math.ceil(bytes.length / PIECE))
    return { file: { setting, name: basename(path), pieces, sha256: checksum(bytes) }, bytes }
  } catch (error) {
    throw isFileError(error) ? fileError('read', path, error) : error
  }
}

/** Writes the file under the key unless it is there, and keeps it from expiring. */
export async function keepOnRedis(client: Redis, key: string, { file, bytes }: FileToSend): Promise<void> {
  if ((await client.hlen(key)) !== file.pieces)
    for (let piece = 0; piece < file.pieces; piece++)
      await client.hset(key, String(piece), bytes.subarray(piece * PIECE, (piece + 1) * PIECE))
  await client.expire(key, KEEP_SECONDS)
}

/**
 * Fetches the file into a temporary folder; null when it is not complete on Redis (yet). One whose checksum is wrong is
 * removed there, so that the search sends it again.
 *
 * @throws UserError when it cannot be written here
 */
async function fetchFile(
  { client, persist }: RedisConnection,
  key: string,
  { name, pieces, sha256 }: SentFile,
): Promise<{ path: string; remove(): Promise<void> } | null> {
  const parts: Buffer[] = []
  for (let piece = 0; piece < pieces; piece++) {
    const part = await persist(() => client.hgetBuffer(key, String(piece)))
    if (part === null) return null
    parts.push(part)
  }
  const bytes = Buffer.concat(parts)
  if (checksum(bytes) !== sha256) {
    await persist(() => client.del(key))
    return null
  }
  try {
    const folder = await mkdtemp(join(tmpdir(), 'toolkit-search-'))
    const path = join(folder, basename(name))
    await writeFile(path, bytes)
    return { path, remove: () => rm(folder, { recursive: true, force: true }) }
  } catch (error) {
    throw isFileError(error) ? fileError('write', join(tmpdir(), name), error) : error
  }
}

/**
 * The settings of a search's evaluator on this machine: where they name a file, it is fetched. Null when the file never
 * came: the search is over, nobody runs it, or the signal is aborted. `remove` removes the file.
 *
 * @throws UserError when it cannot be written here
 */
export async function settingsHere(
  { name, record }: FoundSearch,
  connection: RedisConnection,
  signal: AbortSignal,
  { beat }: Timing,
): Promise<{ settings: EvaluatorSettings; remove(): Promise<void> } | null> {
  const { file, evaluator, search } = record
  if (file === undefined) return { settings: evaluator, remove: async () => {} }
  const { client, persist } = connection
  const keys = keysOf(name)
  while (!signal.aborted) {
    const fetched = await unlessAborted(signal, fetchFile(connection, keys.file, file))
    if (fetched !== null) {
      const settings: EvaluatorSettings & Record<string, unknown> = {
        ...evaluator,
        [file.setting]: fetched.path,
      }
      return { settings, remove: fetched.remove }
    }
    await pause(beat, signal)
    const state = await unlessAborted(
      signal,
      persist(() => Promise.all([readRecord(client, name), client.exists(keys.lock)])),
    )
    if (state === null || state[0]?.search !== search || state[0].closed || state[1] === 0) break
  }
  return null
}
