/** Reads small pieces of large files: as few bytes as is sensible, in as few reads as is sensible. */
import { type FileHandle, open } from 'node:fs/promises'
import { DatasetError, isMissing } from '../files/errors.js'

/** Bytes that are read at a time where the pieces lie far from each other, and where they lie close together. */
const APART = 4096
const CLOSE = 2 ** 18

export interface FileWindow {
  path: string
  /** Bytes of the file. */
  size: number
  /**
   * The bytes from `offset` on, fewer where the file ends; valid until the next call. Calls must not overlap.
   *
   * @throws DatasetError when the file cannot be read
   */
  read(offset: number, length: number): Promise<Buffer>
  close(): Promise<void>
}

/** @throws DatasetError when there is no such file or it cannot be opened */
export async function openWindow(path: string): Promise<FileWindow> {
  const unreadable = (error: unknown): DatasetError =>
    new DatasetError(
      isMissing(error)
        ? `There is no file "${path}".`
        : `${path} cannot be read: ${(error as Error).message}.`,
    )
  const file: FileHandle = await open(path, 'r').catch((error) => {
    throw unreadable(error)
  })
  let buffer = Buffer.alloc(APART)
  let [start, end] = [0, 0]
  const load = async (offset: number, length: number): Promise<void> => {
    const isClose = offset >= start && offset - end < CLOSE / 8
    const wanted = Math.max(length, isClose ? CLOSE : APART)
    if (buffer.length < wanted) buffer = Buffer.alloc(wanted)
    const { bytesRead } = await file.read(buffer, 0, wanted, offset).catch((error) => {
      throw unreadable(error)
    })
    start = offset
    end = offset + bytesRead
  }
  const { size } = await file.stat()
  return {
    path,
    size,
    async read(offset, length) {
      if (offset < start || offset + length > end) await load(offset, length)
      return buffer.subarray(offset - start, Math.min(offset - start + length, end - start))
    },
    close: () => file.close(),
  }
}
