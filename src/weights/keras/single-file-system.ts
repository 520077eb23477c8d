/**
 * A file system for WebAssembly that holds one file: one that the process has opened. Code in WebAssembly sees no other
 * file, and reads and writes this one where it lies, without a copy in its memory.
 */
import { fstatSync, ftruncateSync, readSync, writeSync } from 'node:fs'

/** The parts of Emscripten's `FS` that are used (https://emscripten.org/docs/api_reference/Filesystem-API.html). */
export interface EmscriptenFS {
  ErrnoError: new (errno: number) => Error
  createNode(parent: FSNode | null, name: string, mode: number, device: number): FSNode
  mkdir(path: string): unknown
  mount(type: { mount(): FSNode }, options: unknown, path: string): unknown
}

interface FSNode {
  id: number
  mode: number
  node_ops: object
  stream_ops: object
}

interface FSStream {
  position: number
}

/** Error numbers of WASI. */
const EIO = 29
const EINVAL = 28
const ENOENT = 44

const FOLDER_MODE = 0o40777
const FILE_MODE = 0o100666
const FOLDER = '/mounted'
/** Where the file is found. */
export const FILE_PATH = `${FOLDER}/file`

/** A mounted file. */
export interface MountedFile {
  /** The first error of the file system, which WebAssembly gets to know as a number only. */
  readonly error: Error | undefined
}

/** Mounts the file that is open as `fd`. `count` is called before and after each access to it. */
export function mountFile(FS: EmscriptenFS, fd: number, count: () => void): MountedFile {
  const mounted: { error: Error | undefined } = { error: undefined }
  function attempt<T>(access: () => T): T {
    count()
    try {
      return access()
    } catch (error) {
      mounted.error ??= error as Error
      throw new FS.ErrnoError(EIO)
    } finally {
      count()
    }
  }
  const size = () => attempt(() => fstatSync(fd).size)
  const attributes = (node: FSNode, bytes: number) => ({
    dev: 1,
    ino: node.id,
    mode: node.mode,
    nlink: 1,
    uid: 0,
    gid: 0,
    rdev: 0,
    size: bytes,
    atime: new Date(0),
    mtime: new Date(0),
    ctime: new Date(0),
    blksize: 4096,
    blocks: Math.ceil(bytes / 4096),
  })

  const mount = (): FSNode => {
    const folder = FS.createNode(null, '/', FOLDER_MODE, 0)
    folder.node_ops = {
      getattr: (node: FSNode) => attributes(node, 4096),
      lookup() {
        throw new FS.ErrnoError(ENOENT)
      },
    }
    const file = FS.createNode(folder, 'file', FILE_MODE, 0)
    file.node_ops = {
      getattr: (node: FSNode) => attributes(node, size()),
      setattr(_node: FSNode, { size }: { size?: number }) {
        if (size !== undefined) attempt(() => ftruncateSync(fd, size))
      },
    }
    file.stream_ops = {
      read: (_stream: FSStream, bytes: Int8Array, offset: number, length: number, position: number) =>
        attempt(() => readSync(fd, bytes, offset, length, position)),
      write: (_stream: FSStream, bytes: Int8Array, offset: number, length: number, position: number) =>
        attempt(() => writeSync(fd, bytes, offset, length, position)),
      llseek(stream: FSStream, offset: number, whence: number): number {
        const position = offset + (whence === 1 ? stream.position : whence === 2 ? size() : 0)
        if (position < 0) throw new FS.ErrnoError(EINVAL)
        return position
      },
    }
    return folder
  }

  FS.mkdir(FOLDER)
  FS.mount({ mount }, {}, FOLDER)
  return mounted
}
