/** Downloads of large files: resumed after cut connections and restarts, complete and verified or not there. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { writeFileAtomically } from '../../src/shared/files.js'
import { DatasetError, isMissing, writeError } from '../files/errors.js'
import { fileSize } from '../files/file-size.js'
import { plainNetworkError } from './network-error.js'
import { requestFile, statusText } from './request-file.js'

export interface DownloadOptions {
  url: string
  /** Final path. Until the download is complete and verified, it is `<path>.part`, with notes in `<path>.part.json`. */
  path: string
  /** Size and checksum that the file must have. */
  bytes: number
  md5: string
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
  totalBytes: number
  /** Bytes that were there from an earlier run. */
  resumedBytes: number
}

/** The download was stopped by its signal and can be resumed later. */
export class DownloadStopped extends DatasetError {}

/** A failure that may not happen again at the next try. */
class TransientError extends Error {}

/** What identifies the version of the file that `.part` is a piece of. */
interface Notes {
  url: string
  validator?: string
}

/**
 * Downloads `url` to `path`. A `.part` of an earlier run is continued if the server still has the same version
 * (ETag or Last-Modified, by If-Range); otherwise, or if the server cannot resume, the download starts again.
 *
 * @throws DownloadStopped when the signal stopped it; DatasetError for everything else, in one sentence.
 */
export async function download(options: DownloadOptions): Promise<void> {
  const { url, path, bytes, md5, signal, tries = 5, retryDelay = 1000 } = options
  const part = `${path}.part`
  const resumedBytes = await partSize(part)
  const report = (receivedBytes: number) =>
    options.onProgress?.({ receivedBytes, totalBytes: bytes, resumedBytes })
  let furthest = resumedBytes
  let wrongChecksums = 0
  for (let failures = 0; ; ) {
    try {
      await transfer(options, part, report)
      const found = await md5Of(part)
      if (found === md5) break
      await discard(part)
      // The piece may have been of another version, so try once more from the start. Twice is no accident.
      if (++wrongChecksums === 2) {
        throw new DatasetError(
          `What ${url} sends has the MD5 checksum ${found} instead of ${md5}, so it is not the official file; ` +
            'nothing of it was kept.',
        )
      }
      furthest = 0
    } catch (error) {
      if (signal?.aborted) throw new DownloadStopped(await stoppedMessage(part, bytes))
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

/** One connection: appends to `.part` what is missing, or writes it anew. */
async function transfer(
  options: DownloadOptions,
  part: string,
  report: (received: number) => void,
): Promise<void> {
  const { url, bytes, signal, silence = 30_000 } = options
  let received = await partSize(part)
  if (received > bytes) {
    await discard(part)
    received = 0
  }
  report(received)
  if (received === bytes) return
  const notes = await readNotes(part)
  const known = notes?.url === url && notes.validator !== undefined && received > 0
  const headers: Record<string, string> = known
    ? { Range: `bytes=${received}-`, 'If-Range': notes.validator! }
    : {}
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
    await writeFileAtomically(
      notesPath(part),
      JSON.stringify({ url, validator: validatorOf(answer) } satisfies Notes),
    )
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
  if (received > bytes) {
    await discard(part)
    throw new DatasetError(
      `${url} sends more than the official ${bytes.toLocaleString('en')} bytes; nothing was kept.`,
    )
  }
  if (received < bytes) throw new TransientError('the connection ended early')
}

async function receive(
  response: AsyncIterable<Buffer>,
  file: FileHandle,
  received: number,
  bytes: number,
  report: (received: number) => void,
): Promise<number> {
  const chunks = response[Symbol.asyncIterator]()
  while (received <= bytes) {
    const { value: chunk, done } = await chunks.next().catch((error) => {
      throw new TransientError(plainNetworkError(error))
    })
    if (done) break
    await file.writeFile(chunk)
    received += chunk.length
    report(Math.min(received, bytes))
  }
  return received
}

/** Only a strong ETag or a date says that two answers hold the same bytes (RFC 9110, section 13.1.5). */
function validatorOf(headers: { etag?: string; 'last-modified'?: string }): string | undefined {
  return headers.etag !== undefined && !headers.etag.startsWith('W/')
    ? headers.etag
    : headers['last-modified']
}

const notesPath = (part: string) => `${part}.json`

async function readNotes(part: string): Promise<Notes | undefined> {
  try {
    return JSON.parse(await readFile(notesPath(part), 'utf8')) as Notes
  } catch (error) {
    // Without notes, or with damaged ones, the piece cannot be trusted and the download starts again.
    if (isMissing(error) || error instanceof SyntaxError) return undefined
    throw error
  }
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
export async function md5Of(path: string): Promise<string> {
  const hash = createHash('md5')
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

async function stoppedMessage(part: string, bytes: number): Promise<string> {
  const megabytes = (n: number) => `${(n / 1e6).toFixed(1)} MB`
  return (
    `Stopped at ${megabytes(await partSize(part))} of ${megabytes(bytes)}; ` +
    'run the same command again to continue from there.'
  )
}
