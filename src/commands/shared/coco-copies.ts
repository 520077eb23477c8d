/** Annotations of any format as COCO files for a while, since detectors are trained and measured with those. */
import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Dataset } from '#coco-ts'
import { writeCocoFile } from '../../../datasets/formats/coco/write.js'
import { isUserError, UserError } from '../../shared/errors.js'

export interface CocoCopies {
  /** Writes `<name>.json` and returns its path. `from`: where the annotations come from, for messages. */
  add(name: string, dataset: Dataset, from: string): Promise<string>
  /** Copies all files into a folder. */
  copyTo(folder: string): Promise<void>
  /** A text in which the files are called as what they come from. */
  retold(text: string): string
  /** What `work` gives; its errors are retold. */
  retelling<T>(work: () => Promise<T>): Promise<T>
  remove(): Promise<void>
}

/** A temporary folder of COCO files; {@link CocoCopies.remove} must be called in the end. */
export async function cocoCopies(): Promise<CocoCopies> {
  const folder = await mkdtemp(join(tmpdir(), 'toolkit-annotations-'))
  const origins = new Map<string, string>()
  const pathOf = (name: string): string => join(folder, `${name}.json`)
  const retold = (text: string): string =>
    [...origins].reduce((told, [name, from]) => told.replaceAll(pathOf(name), from), text)
  return {
    async add(name, dataset, from) {
      await writeCocoFile(pathOf(name), dataset)
      origins.set(name, from)
      return pathOf(name)
    },
    async copyTo(to) {
      for (const name of origins.keys()) await copyFile(pathOf(name), join(to, `${name}.json`))
    },
    retold,
    async retelling(work) {
      try {
        return await work()
      } catch (error) {
        if (!isUserError(error)) throw error
        throw new UserError(retold(error.message), { cause: error })
      }
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}
