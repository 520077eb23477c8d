/** API keys: who may ask. Of each key only its SHA-256 is kept. */
import { createHash, timingSafeEqual } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { IncomingHttpHeaders } from 'node:http'
import { UserError } from '../../src/shared/errors.js'
import { fileError } from '../../src/shared/files.js'

/** Shorter ones can be guessed; other letters cannot stand in a header. */
const KEY = /^[!-~]{16,256}$/

export class ApiKeys {
  readonly #hashes: readonly Buffer[]

  constructor(keys: readonly string[]) {
    this.#hashes = keys.map(hashOf)
  }

  /**
   * The short name of the key that a request carries as `Authorization: Bearer KEY` or `X-API-Key: KEY`, for the log
   * and for rates: eight hexadecimal digits of its SHA-256. Undefined for a request without a valid key. How long this
   * takes says nothing about the keys: hashes of equal length are compared, each with all, in constant time.
   */
  identify(headers: IncomingHttpHeaders): string | undefined {
    const bearer = /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1]
    const given = bearer ?? headers['x-api-key']
    if (typeof given !== 'string') return undefined
    const hash = hashOf(given)
    let known = false
    for (const each of this.#hashes) known = timingSafeEqual(each, hash) || known
    return known ? hash.toString('hex', 0, 4) : undefined
  }
}

const hashOf = (key: string): Buffer => createHash('sha256').update(key).digest()

/**
 * The keys of a file: one a line; empty lines and those that begin with # do not count.
 *
 * @throws UserError for a file that cannot be read or holds no key, and for a line that cannot be a key, by its number
 */
export async function readKeyFile(path: string): Promise<string[]> {
  const content = await readFile(path, 'utf8').catch((error) => {
    throw fileError('read', path, error)
  })
  const keys: string[] = []
  content.split('\n').forEach((line, index) => {
    const key = line.trim()
    if (key === '' || key.startsWith('#')) return
    if (!KEY.test(key))
      throw new UserError(
        `Line ${index + 1} of ${path} is not an API key: a key has 16 to 256 letters without spaces; ` +
          'make one with "openssl rand -hex 32"',
      )
    keys.push(key)
  })
  if (keys.length === 0)
    throw new UserError(
      `${path} holds no API key; write one a line, or leave the setting out to serve everybody`,
    )
  return keys
}
