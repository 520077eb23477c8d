import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { createGunzip } from 'node:zlib'
import { grouped } from '../../src/shared/text.js'
import { DatasetError } from '../files/errors.js'
import { readTar } from './tar.js'

interface UnpackOptions {
  /** The name that a file of the archive gets in the folder; undefined for files that are left out. */
  nameOf: (nameInArchive: string) => string | undefined
  /** Nothing in the archive is larger, so that a forged one cannot fill the disk. */
  maxFileBytes: number
}

/**
 * Writes files of a `.tar.gz` into a folder, whatever folder they have in the archive.
 *
 * @throws DatasetError when the archive is damaged or holds larger files; errors of writing as they are
 */
export async function unpackTarGz(
  archive: string,
  folder: string,
  { nameOf, maxFileBytes }: UnpackOptions,
): Promise<void> {
  const input = createReadStream(archive)
  const unzipped = createGunzip()
  input.on('error', (error) => unzipped.destroy(error))
  const written = new Set<string>()
  try {
    for await (const { name, size, content } of readTar(input.pipe(unzipped))) {
      const file = nameOf(name)
      if (file === undefined) continue
      if (size > maxFileBytes) throw new DatasetError(`its ${file} has ${grouped(size)} bytes`)
      if (written.has(file)) throw new DatasetError(`it holds ${file} twice`)
      written.add(file)
      const target = await open(join(folder, file), 'wx')
      try {
        for await (const chunk of content) await target.writeFile(chunk)
      } finally {
        await target.close()
      }
    }
  } catch (error) {
    const zlibError = String((error as NodeJS.ErrnoException).code).startsWith('Z_')
    if (!zlibError && !(error instanceof DatasetError)) throw error
    const reason = zlibError
      ? 'it is not a gzip file, or it is damaged or cut short'
      : (error as Error).message
    throw new DatasetError(
      `The archive "${archive}" cannot be unpacked: ${reason}; delete it and fetch it again.`,
    )
  } finally {
    input.destroy()
    unzipped.destroy()
  }
}
