/** Notes beside a piece of a download: which version of the file it is of, and what the server states of the whole. */
import { readFile } from 'node:fs/promises'
import type { IncomingHttpHeaders } from 'node:http'
import { writeFileAtomically } from '../../src/shared/files.js'
import { isMissing } from '../files/errors.js'

interface Notes {
  url: string
  /** Of the version. */
  validator?: string
  bytes?: number
  md5?: string
}

export const notesPath = (part: string) => `${part}.json`

/** Notes on a piece of what is at this address. */
export async function notesOf(part: string, url: string): Promise<Notes | undefined> {
  try {
    const notes = JSON.parse(await readFile(notesPath(part), 'utf8')) as Notes | null
    return notes?.url === url ? notes : undefined
  } catch (error) {
    // Without notes, or with damaged ones, the piece cannot be trusted and the download starts again.
    if (isMissing(error) || error instanceof SyntaxError) return undefined
    throw error
  }
}

/** Writes down what an answer says. */
export async function takeNotes(
  part: string,
  url: string,
  headers: IncomingHttpHeaders,
  bytes: number | undefined,
): Promise<Notes> {
  const notes = { url, validator: validatorOf(headers), bytes, md5: statedMd5(headers) }
  await writeFileAtomically(notesPath(part), JSON.stringify(notes))
  return notes
}

/** Only a strong ETag or a date says that two answers hold the same bytes (RFC 9110, section 13.1.5). */
function validatorOf(headers: IncomingHttpHeaders): string | undefined {
  return headers.etag !== undefined && !headers.etag.startsWith('W/')
    ? headers.etag
    : headers['last-modified']
}

/** Size of the whole file, of which `received` bytes were there already. */
export function statedBytes(headers: IncomingHttpHeaders, received: number): number | undefined {
  const length = headers['content-length']
  return length === undefined ? undefined : received + Number(length)
}

/** Google's storage states checksums of its files: `x-goog-hash: crc32c=…, md5=…`, in base64. */
function statedMd5(headers: IncomingHttpHeaders): string | undefined {
  const md5 = /(?:^|[\s,])md5=([\w+/]{22}==)/.exec(String(headers['x-goog-hash']))?.[1]
  return md5 === undefined ? undefined : Buffer.from(md5, 'base64').toString('hex')
}
