/** Files that appear whole and once: what locks are made of. */
import { createHash } from 'node:crypto'
import { link, open, rm, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

/** Creates `path` with `text`, unless there is such a file: then it answers false. */
export type CreateFile = (path: string) => Promise<boolean>

/**
 * For files that all hold `text`. Each is written under the name `temporary` first and linked to its own: it appears
 * with its contents or not at all, also on a full disk and for whoever reads it at that moment.
 */
export function wholeFiles(temporary: string, text: string, makeLink: typeof link = link): CreateFile {
  return async function create(path): Promise<boolean> {
    try {
      await writeFile(temporary, text, { flush: true })
      await makeLink(temporary, path)
      return true
    } catch (error) {
      const { code, syscall } = error as NodeJS.ErrnoException
      if (syscall === 'link' && code === 'EEXIST') return false
      // Whoever opens the folder sweeps up temporary files.
      if (syscall === 'link' && code === 'ENOENT') return await create(path)
      // A file system without hard links. They differ in how they say so.
      if (syscall === 'link') return await createWithoutLinks(path, text)
      throw error
    } finally {
      await rm(temporary, { force: true })
    }
  }
}

/** The second best: the file is there for a moment before its contents are. */
async function createWithoutLinks(path: string, text: string): Promise<boolean> {
  try {
    await writeFile(path, text, { flag: 'wx', flush: true })
    // Where it stayed empty for so long that another took it over, it is that one's.
    return (await readNow(path))?.text === text
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return false
    // It was created, and then the disk was full.
    if (syscall !== 'open') await rm(path, { force: true })
    throw error
  }
}

export interface LockFile {
  text: string
  /** Of this very file: another with the same name has another. */
  id: string
  /** When it was last written to, in milliseconds since 1970. */
  written: number
}

/** Within this time whoever creates a file has written its contents too. */
const WRITING_MS = 5000

/** Null where there is none. */
export async function readLock(path: string): Promise<LockFile | null> {
  // Where there are no hard links, an empty file may be one that is just being written.
  for (const end = performance.now() + WRITING_MS; ; await sleep(50)) {
    const found = await readNow(path)
    const isYoung = found !== null && Date.now() - found.written < WRITING_MS
    if (found?.text !== '' || !isYoung || performance.now() > end) return found
  }
}

async function readNow(path: string): Promise<LockFile | null> {
  try {
    const file = await open(path)
    try {
      const { ino, mtimeNs } = await file.stat({ bigint: true })
      const text = await file.readFile('utf8')
      const id = createHash('sha256').update(`${ino} ${mtimeNs} ${text}`).digest('hex').slice(0, 16)
      return { text, id, written: Number(mtimeNs / 1_000_000n) }
    } finally {
      await file.close()
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}
