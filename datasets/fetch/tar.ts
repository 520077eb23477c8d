/** Reads tar archives as a stream. */
import { pipeline } from 'node:stream/promises'
import { extract } from 'tar-stream'
import { DatasetError } from '../files/errors.js'

export interface TarFile {
  /** As in the archive, with slashes. Not to be trusted as a path. */
  name: string
  size: number
  /** Must be read to its end before the next file, or not at all. */
  content: AsyncIterable<Buffer>
}

/**
 * Yields the regular files of an archive, in order. Folders and links are skipped.
 *
 * @throws DatasetError, of which the message is a reason, when the stream is not a tar archive or ends early; errors
 * of the stream itself
 */
export async function* readTar(stream: AsyncIterable<Uint8Array>): AsyncGenerator<TarFile> {
  const end = new EndOfArchive()
  // Archives from before POSIX carry no mark of their format. The option is missing in the package's types.
  const parser = extract({ allowUnknownFormat: true } as Parameters<typeof extract>[0])
  const fed = pipeline(end.watch(stream), parser)
  fed.catch(() => undefined)
  for await (const entry of withReasons(parser, fed)) {
    const { name, size = 0, type } = entry.header
    if (type === 'file')
      yield { name, size, content: withReasons<Buffer>(entry as AsyncIterable<Buffer>, fed) }
    entry.resume()
  }
  if (!end.seen) throw new DatasetError(END_MISSING)
}

const END_MISSING = 'the archive ends early'

/** What is read from the parser; where that fails, the parser may only say that it was stopped, `fed` says why. */
async function* withReasons<T>(items: AsyncIterable<T>, fed: Promise<void>): AsyncGenerator<T> {
  try {
    yield* items
  } catch (late) {
    const error = await fed.then(
      () => late,
      (first) => first,
    )
    // Errors of the stream have codes, those of the parser have none.
    if (error instanceof DatasetError || error.code !== undefined) throw error
    const isShort = error.message === 'Unexpected end of data'
    const reason = isShort ? END_MISSING : 'it is not a tar archive, or it is damaged'
    throw new DatasetError(reason, { cause: error })
  }
}

/** The parser does not demand the zeros that end an archive: to it, one that is cut between two files is complete. */
class EndOfArchive {
  private zeros = 0

  /** True when the bytes so far end in a block of zeros. */
  get seen(): boolean {
    return this.zeros >= 512
  }

  async *watch(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const bytes of stream) {
      let at = bytes.length
      while (at > 0 && bytes[at - 1] === 0) at--
      this.zeros = at === 0 ? this.zeros + bytes.length : bytes.length - at
      yield bytes
    }
  }
}
