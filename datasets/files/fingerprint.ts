/**
 * Fingerprints of data on disk: small enough for a config, and made of names, sizes and, where a single file decides
 * everything, its contents. They show whether data is still what a run began with.
 */

import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { grouped } from '../../src/shared/text.js'
import { count } from './left-out.js'

/** A set of files, in any order. */
export interface FilesFingerprint {
  files: number
  bytes: number
  /** Hash of the names alone, relative to their folder. */
  names: string
  /** Hash of names and sizes, and of the contents of files that come with their own hash. */
  contents: string
}

/** A file that is identified by its contents, whatever its name. */
export interface FileFingerprint {
  bytes: number
  sha256: string
}

/** A file with its name in its data set. */
export interface NamedFile {
  name: string
  bytes: number
  sha256?: string
}

/** Digits of a hash that are kept: enough that no two are equal by chance. */
const DIGITS = 32

/** Names are compared in one Unicode form and with `/`, so that data fits after a copy to another system. */
export function filesFingerprint(files: readonly NamedFile[]): FilesFingerprint {
  const named = files
    .map((file) => ({ ...file, name: file.name.normalize('NFC').replaceAll('\\', '/') }))
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.bytes - b.bytes))
  const [names, contents] = [createHash('sha256'), createHash('sha256')]
  let total = 0
  for (const { name, bytes, sha256 = '' } of named) {
    names.update(`${name}\0`)
    contents.update(`${name}\0${bytes}\0${sha256}\0`)
    total += bytes
  }
  return {
    files: files.length,
    bytes: total,
    names: names.digest('hex').slice(0, DIGITS),
    contents: contents.digest('hex').slice(0, DIGITS),
  }
}

/** Hash of a file's contents; rejects as reading does. */
export async function fileFingerprint(path: string): Promise<FileFingerprint> {
  const hash = createHash('sha256')
  let bytes = 0
  for await (const piece of createReadStream(path, { highWaterMark: 2 ** 20 })) {
    hash.update(piece)
    bytes += piece.length
  }
  return { bytes, sha256: hash.digest('hex').slice(0, DIGITS) }
}

/**
 * How files differ from what they were, for example `3 images are missing (97 instead of 100)`.
 *
 * @returns null when they are the same
 */
export function changeOfFiles(before: FilesFingerprint, now: FilesFingerprint, one = 'image'): string | null {
  if (before.contents === now.contents) return null
  const difference = now.files - before.files
  const instead = `${grouped(now.files)} instead of ${grouped(before.files)}`
  if (difference < 0)
    return `${count(-difference, one)} ${difference === -1 ? 'is' : 'are'} missing (${instead})`
  if (difference > 0)
    return `there ${difference === 1 ? 'is' : 'are'} ${count(difference, one)} more (${instead})`
  if (before.names !== now.names) return `there are as many ${one}s as before, but under other names`
  return before.bytes === now.bytes
    ? `the files of some ${one}s have changed`
    : `the files of some ${one}s have other sizes (${grouped(now.bytes)} bytes in all instead of ${grouped(before.bytes)})`
}
