/** Downloads of large files: resumed after cut connections and restarts, complete and verified or not there. */

import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { grouped } from '../../src/shared/text.js'
import { DatasetError, writeError } from '../files/errors.js'
import { fileSize } from '../files/file-size.js'
import { notesOf, notesPath, statedBytes, takeNotes } from './download-notes.js'
import { plainNetworkError } from './network-error.js'
import { requestFile, statusText } from './request-file.js'

export interface DownloadOptions {
  url: string
  /** Final path. Until the download is complete and verified, it is `<path>.part`, with notes in `<path>.part.json`. */
  path: string
  /** Size and checksum that the file must have. Where nobody publishes them, those that the server states count. */
  bytes?: number
  md5?: string
  onProgress?: (progress: DownloadProgress) => void
  /** Stops the download; what has arrived is kept for the next run. */
  signal?: AbortSignal
  /** Tries in a row without any new byte before giving up. Default 5. */
  tries?: number
  /** Wait before the second try, in ms; it doubles with each further one. Default 1,000. */
  retryDelay?: number
  /** A connection without a byte for so long, in ms, counts as cut. Default 30,000. */
  silence?: number
}

export interface DownloadProgress {
  receivedBytes: number
  /** Undefined where neither is it published nor does the server state it. */
  totalBytes?: number
  /** Bytes that were there from an earlier run. */
  resumedBytes: number
}

/** The download was stopped by its signal and can be resumed later. */
export class DownloadStopped extends DatasetError {}

/** A failure that may not happen again at the next try. */
class TransientError extends Error {}

/**
 * Downloads `url` to `path`. A `.part` of an earlier run is continued if the server still has the same version
 * (ETag or Last-Modified, by If-Range); otherwise, or if the server cannot resume, the download starts again.
 *
 * @throws DownloadStopped when the signal stopped it; DatasetError for everything else, in one sentence.
 */
export async function download(options: DownloadOptions): Promise<void> {
  const { url, path, signal, tries = 5, retryDelay = 1000 } = options
  const part = `${path}.part`
  const resumedBytes = await partSize(part)
  let totalBytes = options.bytes
  const report = (receivedBytes: number, total: number | undefined) => {
    totalBytes = total
    options.onProgress?.({ receivedBytes, totalBytes, resumedBytes })
  }
  let furthest = resumedBytes
  let wrongChecksums = 0
  for (let failures = 0; ; ) {
    try {
      const md5 = await transfer(options, part, report)
      if (md5 === undefined) break
      const found = await md5Of(part)
      if (found === md5) break
      await discard(part)
      // The piece may have been of another version, so try once more from the start. Twice is no accident.
      if (++wrongChecksums === 2) {
        const reason =
          options.md5 === undefined ? 'which the server states' : 'so it is not the official file'
        throw new DatasetError(
          `What ${url} sends has the MD5 checksum ${found} instead of ${md5}, ${reason}; nothing of it was kept.`,
        )
      }
      furthest = 0
    } catch (error) {
      if (signal?.aborted) throw new DownloadStopped(await stoppedMessage(part, totalBytes))
      if (!(error instanceof TransientError)) throw writeError(error, part)
      const size = await partSize(part)
      failures = size > furthest ? 1 : failures + 1
      furthest = Math.max(furthest, size)
      if (failures >= tries) {
        throw new DatasetError(
          `${url} could not be downloaded: ${error.message} (${tries} tries). Run the same command again to ` +
            `${size > 0 ? 'continue from what has arrived' : 'try later'}, or download the file elsewhere and use --from.`,
        )
      }
      await sleep(retryDelay * 2 ** (failures - 1), undefined, { signal }).catch(() => undefined)
    }
  }
  await rename(part, path)
  await rm(notesPath(part), { force: true })
}

/** One connection: appends to `.part` what is missing, or writes it anew. Returns the checksum that the file must have. */
async function transfer(
  options: DownloadOptions,
  part: string,
  report: (received: number, total: number | undefined) => void,
): Promise<string | undefined> {
  const { url, signal, silence = 30_000 } = options
  let received = await partSize(part)
  let notes = await notesOf(part, url)
  const before = options.bytes ?? notes?.bytes
  if (before !== undefined && received > before) {
    await discard(part)
    received = 0
    notes = undefined
  }
  if (before !== undefined) report(received, before)
  if (received === before) return options.md5 ?? notes?.md5
  const headers: Record<string, string> =
    notes?.validator !== undefined && received > 0
      ? { Range: `bytes=${received}-`, 'If-Range': notes.validator }
      : {}
  let bytes: number | undefined
  const { response, peer } = await requestFile(url, { headers, signal, silence }).catch((error) => {
    if (error instanceof DatasetError) throw error
    throw new TransientError(plainNetworkError(error))
  })
  try {
    const { statusCode = 0, headers: answer } = response
    const resumes = statusCode === 206 && answer['content-range']?.startsWith(`bytes ${received}-`)
    if (!resumes && statusCode !== 200) {
      // The piece does not fit what the server has: the next try starts again.
      if (statusCode === 206 || statusCode === 416) await discard(part)
      const text = `${peer} answered ${statusText(response)}`
      if (
        statusCode === 206 ||
        statusCode === 416 ||
        statusCode === 408 ||
        statusCode === 429 ||
        statusCode >= 500
      )
        throw new TransientError(text)
      throw new DatasetError(
        `${url} could not be downloaded: ${text}; download the file elsewhere and use --from.`,
      )
    }
    if (!resumes) received = 0
    bytes = options.bytes ?? statedBytes(answer, received)
    notes = await takeNotes(part, url, answer, bytes)
    const file = await open(part, resumes ? 'a' : 'w')
    try {
      received = await receive(response, file, received, bytes, report)
      await file.sync()
    } finally {
      await file.close()
    }
  } finally {
    response.destroy()
  }
  if (bytes !== undefined && received > bytes) {
    await discard(part)
    throw new DatasetError(`${url} sends more than the official ${grouped(bytes)} bytes; nothing was kept.`)
  }
  if (bytes !== undefined && received < bytes) throw new TransientError('the connection ended early')
  return options.md5 ?? notes?.md5
}

async function receive(
  response: AsyncIterable<Buffer>,
  file: FileHandle,
  received: number,
  bytes: number | undefined,
  report: (received: number, total: number | undefined) => void,
): Promise<number> {
  const chunks = response[Symbol.asyncIterator]()
  while (bytes === undefined || received <= bytes) {
    const { value: chunk, done } = await chunks.next().catch((error) => {
      throw new TransientError(plainNetworkError(error))
    })
    if (done) break
    await file.writeFile(chunk)
    received += chunk.length
    report(Math.min(received, bytes ?? received), bytes)
  }
  return received
}

async function partSize(part: string): Promise<number> {
  try {
    return (await fileSize(part)) ?? 0
  } catch (error) {
    throw writeError(error, dirname(part))
  }
}

async function discard(part: string): Promise<void> {
  await rm(part, { force: true })
  await rm(notesPath(part), { force: true })
}

/** MD5 of a file, in hexadecimal. */
export const md5Of = (path: string): Promise<string> => hashOf(path, 'md5')

/** A checksum of a file, in hexadecimal. */
export async function hashOf(path: string, algorithm: 'md5' | 'sha256'): Promise<string> {
  const hash = createHash(algorithm)
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 })) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

async function stoppedMessage(part: string, bytes: number | undefined): Promise<string> {
  const megabytes = (n: number) => `${(n / 1e6).toFixed(1)} MB`
  const place = `${megabytes(await partSize(part))}${bytes === undefined ? '' : ` of ${megabytes(bytes)}`}`
  return `Stopped at ${place}; run the same command again to continue from there.`
}
