import { open } from 'node:fs/promises'
import type { BoxColumns } from '../common/box-columns.js'
import type { References } from '../entries/read-entry.js'
import { BoxParser, LONGEST_ENTRY } from './box-parser.js'

const PIECE = 1 << 21

/**
 * Reads a results file of boxes in their plainest form into columns. Undefined for any other file, also one that cannot be
 * read: then the careful reader has to say what it is.
 */
export async function readBoxes(path: string, known: References): Promise<BoxColumns | undefined> {
  const file = await open(path).catch(() => undefined)
  if (file === undefined) return undefined
  try {
    const { size } = await file.stat()
    const parser = new BoxParser(known, size)
    const buffer = Buffer.allocUnsafe(PIECE + 2 * LONGEST_ENTRY)
    let held = 0
    for (;;) {
      const { bytesRead } = await file.read(buffer, held, PIECE)
      const end = held + bytesRead
      // No digit of an earlier piece may follow the last one.
      buffer[end] = 0
      const read = parser.read(buffer, end, bytesRead === 0)
      if (read < 0) return undefined
      if (bytesRead === 0) return parser.result()
      buffer.copyWithin(0, read, end)
      held = end - read
    }
  } catch {
    // The careful reader meets the same error, and names it.
    return undefined
  } finally {
    await file.close()
  }
}
