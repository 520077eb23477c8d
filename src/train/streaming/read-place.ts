/** Reads image files, and parts of large ones. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import type { ImagePlace } from '../../../datasets/classification/image-source.js'

/** Large files that stay open. A shuffle buffer reaches over a few shards at a time. */
const MAX_OPEN = 16

export interface PlaceReader {
  /** The bytes of an image. Throws an `Error` when the file cannot be read or ends before the image does. */
  read(place: ImagePlace): Buffer
  close(): void
}

/**
 * Reads synchronously, for threads whose work is reading. Files that hold many images stay open, the ones used last; files
 * of one image are closed at once.
 */
export function openPlaceReader(): PlaceReader {
  const open = new Map<string, number>()

  function shared(path: string): number {
    const file = open.get(path) ?? openSync(path, 'r')
    // A map keeps the order of insertion, so that the first one is the one unused for longest.
    open.delete(path)
    open.set(path, file)
    const [[oldest, oldestFile]] = open
    if (open.size > MAX_OPEN) {
      open.delete(oldest)
      closeSync(oldestFile)
    }
    return file
  }

  return {
    read({ path, offset, bytes }) {
      if (bytes !== null) return readFully(shared(path), offset, bytes)
      const file = openSync(path, 'r')
      try {
        return readFully(file, offset, fstatSync(file).size - offset)
      } finally {
        closeSync(file)
      }
    },
    close() {
      for (const file of open.values()) closeSync(file)
      open.clear()
    },
  }
}

function readFully(file: number, offset: number, bytes: number): Buffer {
  const buffer = Buffer.allocUnsafe(Math.max(0, bytes))
  let done = 0
  while (done < buffer.length) {
    const read = readSync(file, buffer, done, buffer.length - done, offset + done)
    if (read === 0) throw new Error('the file ends before the image does')
    done += read
  }
  return buffer
}
