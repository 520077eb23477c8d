/**
 * Finds the images that annotations name in a folder, also where another tool or machine spelt the names otherwise:
 * with Windows separators, percent-encoded, in the other Unicode form or case, with folders in front, as an absolute
 * path or an address. Nothing outside the folder is ever found by its path, and no choice is made between two files.
 */
import type { Stats } from 'node:fs'
import { stat } from 'node:fs/promises'
import { isAbsolute, join, relative, sep } from 'node:path'
import { isMissing } from './errors.js'
import { fileTree, identityAt } from './image-files.js'
import { inParallel } from './parallel.js'

export interface FoundImage {
  path: string
  bytes: number
}

/** What became of one name. */
export type Lookup =
  | ({ kind: 'found'; respelt: boolean } & FoundImage)
  | { kind: 'missing' }
  /** Several files fit equally well: their paths in the folder, or the other names that lead to the same file. */
  | { kind: 'ambiguous'; candidates: string[] }

/** Files that are looked for in parallel. */
const PARALLEL = 32

const MISSING: Lookup = { kind: 'missing' }

/**
 * Looks for the file of each name. The folder is listed only when a name is not there as it is written.
 *
 * @returns In the order of the names
 * @throws DatasetError for a folder that cannot be read
 */
export async function findImages(folder: string, names: readonly (string | undefined)[]): Promise<Lookup[]> {
  const lookups = new Array<Lookup>(names.length).fill(MISSING)
  const left: number[] = []
  await inParallel(names.keys(), PARALLEL, async (i) => {
    const name = names[i]
    if (typeof name !== 'string' || name === '') return
    const path = inside(folder, name)
    const file = path === null ? null : await fileAt(path)
    if (file !== null) lookups[i] = { kind: 'found', respelt: false, path: path!, bytes: file.size }
    else left.push(i)
  })
  if (left.length === 0) return lookups
  const index = indexOf((await fileTree(folder)).files)
  const inOrder = left.sort((a, b) => a - b)
  await inParallel(inOrder, PARALLEL, async (i) => {
    lookups[i] = await found(folder, await sameFile(folder, search(index, names[i]!)))
  })
  refuseShared(folder, names, lookups)
  return lookups
}

/** The path of a name in the folder; null for one that leads out of it. */
function inside(folder: string, name: string): string | null {
  if (name.includes('\0')) return null
  const path = join(folder, name)
  const way = relative(folder, path)
  return way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way) ? null : path
}

/** The file at a path; null where there is none. */
async function fileAt(path: string): Promise<Stats | null> {
  const found = await stat(path).catch((error) => {
    if (isMissing(error) || ['ENAMETOOLONG', 'ELOOP', 'EINVAL'].includes(error.code)) return null
    throw error
  })
  return found?.isFile() ? found : null
}

async function found(folder: string, candidates: string[]): Promise<Lookup> {
  if (candidates.length > 1) return { kind: 'ambiguous', candidates }
  if (candidates.length === 0) return MISSING
  const path = join(folder, candidates[0])
  const file = await fileAt(path)
  return file === null ? MISSING : { kind: 'found', respelt: true, path, bytes: file.size }
}

/** One candidate alone where all are the same file by links. */
async function sameFile(folder: string, candidates: string[]): Promise<string[]> {
  if (candidates.length < 2) return candidates
  const identities = await Promise.all(candidates.map((path) => identityAt(join(folder, path))))
  return new Set(identities).size === 1 ? candidates.slice(0, 1) : candidates
}

/** Makes names ambiguous that were found under another spelling and are not alone in leading to their file. */
function refuseShared(folder: string, names: readonly (string | undefined)[], lookups: Lookup[]): void {
  const namesOf = new Map<string, Set<string>>()
  for (const [i, lookup] of lookups.entries()) {
    if (lookup.kind !== 'found') continue
    const others = namesOf.get(lookup.path) ?? new Set()
    namesOf.set(lookup.path, others.add(names[i]!))
  }
  for (const [i, lookup] of lookups.entries()) {
    if (lookup.kind !== 'found' || !lookup.respelt) continue
    const others = namesOf.get(lookup.path)!
    if (others.size > 1) lookups[i] = { kind: 'ambiguous', candidates: [relative(folder, lookup.path)] }
  }
}

/** Files that end in the same parts of a path. */
interface Ending {
  /** The file that has no further parts. */
  whole?: string
  /** The first few. */
  files: string[]
}

/** Candidates that are kept and named. */
const NAMED = 4

interface Index {
  /** By the last parts of the path, in NFC. */
  exact: Map<string, Ending>
  /** The same in lower case. */
  folded: Map<string, Ending>
}

const fold = (text: string): string => text.toLowerCase().normalize('NFC')

function indexOf(files: readonly string[]): Index {
  const index: Index = { exact: new Map(), folded: new Map() }
  for (const file of files) {
    const parts = file.normalize('NFC').split('/')
    for (let from = parts.length - 1; from >= 0; from--) {
      const ending = parts.slice(from).join('/')
      add(index.exact, ending, file, from === 0)
      add(index.folded, fold(ending), file, from === 0)
    }
  }
  return index
}

function add(endings: Map<string, Ending>, key: string, file: string, whole: boolean): void {
  const ending = endings.get(key)
  if (ending === undefined) endings.set(key, { files: [file], ...(whole && { whole: file }) })
  else {
    if (ending.files.length < NAMED) ending.files.push(file)
    // Two that differ in case alone are equally good.
    if (whole) ending.whole = ending.whole === undefined ? file : undefined
  }
}

/**
 * The files that a name may mean, those that share most of the last parts of its path; with equally many parts, the
 * one whose whole path that is.
 */
function search(index: Index, name: string): string[] {
  for (const parts of spellings(name)) {
    for (let from = 0; from < parts.length; from++) {
      const ending = parts.slice(from).join('/')
      const match = index.exact.get(ending) ?? index.folded.get(fold(ending))
      if (match !== undefined) return match.whole === undefined ? match.files : [match.whole]
    }
  }
  return []
}

/** Ways to read a name, the plainest first, each as the parts of a path. */
function* spellings(name: string): Generator<string[]> {
  const tried = new Set<string>()
  for (const text of decodings(name.normalize('NFC')))
    for (const address of [text, ...withoutQuery(text)])
      for (const path of [address, address.replaceAll('\\', '/')]) {
        if (tried.has(path)) continue
        tried.add(path)
        const parts = path.split('/').filter((part) => part !== '' && part !== '.' && part !== '..')
        if (parts.length > 0) yield parts
      }
}

/** The text, and what it is when it was percent-encoded, once or twice. */
function* decodings(text: string): Generator<string> {
  yield text
  if (!text.includes('%')) return
  const once = decoded(text).normalize('NFC')
  yield once
  yield decoded(once).normalize('NFC')
}

/** Percent-encoded bytes as characters, as far as they are UTF-8. */
function decoded(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (bytes) => {
    try {
      return decodeURIComponent(bytes)
    } catch {
      return bytes
    }
  })
}

/** An address without its query or fragment; of one that names the file in its query alone, that. */
function withoutQuery(text: string): string[] {
  const at = text.search(/[?#]/)
  if (at < 0) return []
  const [path, query] = [text.slice(0, at), text.slice(at + 1)]
  return path.endsWith('/') ? query.split('&').map((field) => field.replace(/^[^=]*=/, '')) : [path]
}
