/** Which files are images, and which names in a folder are of the system and not of the user. */
import type { Dirent } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { DatasetError, isMissing } from './errors.js'

/** Endings of the files that are read as images, in any case: what sharp decodes. */
const extensions = new Set('.jpg .jpeg .jpe .jfif .png .webp .gif .avif .tif .tiff'.split(' '))

/** The same for people, by endings and by formats. */
export const imageEndings = '.jpg, .png, .webp, .gif, .avif or .tif'
export const imageFormats = 'JPEG, PNG, WebP, GIF, AVIF or TIFF'

/** True for the name of a file that is read as an image, by its ending. */
export const isImageName = (name: string): boolean => extensions.has(extname(name).toLowerCase())

const systemNames = new Set(
  ['__MACOSX', '@eaDir', '#recycle', '$RECYCLE.BIN', 'lost+found', 'System Volume Information']
    .concat(['Thumbs.db', 'ehthumbs.db', 'desktop.ini'])
    .map((name) => name.toLowerCase()),
)

/** True for what programs leave in folders: hidden files and folders, thumbnails, the second half of Mac files. */
export const isSystemName = (name: string): boolean =>
  name.startsWith('.') || systemNames.has(name.toLowerCase())

/** Identity of a file or folder, whatever path leads to it. */
export type FileIdentity = string

/** What lies in a folder, links followed; every list in the order of the names. */
export interface Entries {
  folders: { name: string; identity: FileIdentity; linked: boolean }[]
  files: string[]
  /** Hidden and system names, of files and folders. */
  system: string[]
  /** Links that lead nowhere. */
  broken: string[]
  /** Pipes, sockets and devices. */
  special: string[]
}

/**
 * Lists a folder.
 *
 * @throws DatasetError when there is no such folder, or it cannot be read
 */
export async function entriesOf(folder: string): Promise<Entries> {
  const found: Entries = { folders: [], files: [], system: [], broken: [], special: [] }
  for (const entry of await readFolder(folder)) {
    const { name } = entry
    if (isSystemName(name)) found.system.push(name)
    else if (entry.isFile()) found.files.push(name)
    else await addOther(found, folder, entry)
  }
  return found
}

async function readFolder(folder: string): Promise<Dirent[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true })
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1))
  } catch (error) {
    if (isMissing(error)) throw new DatasetError(`There is no folder "${folder}".`)
    throw new DatasetError(`The folder "${folder}" cannot be read: ${(error as Error).message}.`)
  }
}

/** Adds a folder, a link, or an entry whose kind the file system does not report. */
async function addOther(found: Entries, folder: string, entry: Dirent): Promise<void> {
  const { name } = entry
  const target = await stat(join(folder, name), { bigint: true }).catch((error) => {
    if (isMissing(error) || isLinkToItself(error)) return undefined
    throw new DatasetError(`"${join(folder, name)}" cannot be read: ${error.message}.`)
  })
  if (target === undefined) found.broken.push(name)
  else if (target.isDirectory())
    found.folders.push({ name, identity: identityOf(target), linked: entry.isSymbolicLink() })
  else if (target.isFile()) found.files.push(name)
  else found.special.push(name)
}

const isLinkToItself = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ELOOP'

const identityOf = ({ dev, ino }: { dev: bigint; ino: bigint }): FileIdentity => `${dev}:${ino}`

/** Identity of what a path leads to. */
export async function identityAt(path: string): Promise<FileIdentity> {
  return identityOf(await stat(path, { bigint: true }))
}

/** All that lies in a folder and below it; paths are relative to the folder, with `/`. */
export interface FileTree {
  files: string[]
  /** Folders without a file or a folder in them. */
  empty: string[]
  system: string[]
  broken: string[]
  special: string[]
  /** Links to folders that are in the tree already, or that the tree is in: not followed. */
  repeated: string[]
}

/**
 * Lists the files in a folder and in the folders below it. Links are followed, but every folder is read once: real
 * folders before linked ones, so that a link never takes a file's place.
 *
 * @param above Folders that the tree must not lead back to
 * @throws DatasetError for a folder that cannot be read
 */
export async function fileTree(folder: string, above: Iterable<FileIdentity> = []): Promise<FileTree> {
  const tree: FileTree = { files: [], empty: [], system: [], broken: [], special: [], repeated: [] }
  const seen = new Set([...above, await identityAt(folder)])
  const real = ['']
  const linked: { path: string; identity: FileIdentity }[] = []
  for (;;) {
    const next = real.pop()
    if (next === undefined) {
      const link = linked.shift()
      if (link === undefined) break
      if (seen.has(link.identity)) tree.repeated.push(link.path)
      else {
        seen.add(link.identity)
        real.push(link.path)
      }
      continue
    }
    const entries = await entriesOf(join(folder, next))
    if (next !== '' && entries.files.length + entries.folders.length === 0) tree.empty.push(next)
    const below = (name: string): string => (next === '' ? name : `${next}/${name}`)
    for (const kind of ['files', 'system', 'broken', 'special'] as const)
      for (const name of entries[kind]) tree[kind].push(below(name))
    for (const { name, identity, linked: isLink } of entries.folders) {
      if (isLink) linked.push({ path: below(name), identity })
      else if (seen.has(identity)) tree.repeated.push(below(name))
      else {
        seen.add(identity)
        real.push(below(name))
      }
    }
  }
  for (const list of Object.values(tree) as string[][]) list.sort()
  return tree
}
