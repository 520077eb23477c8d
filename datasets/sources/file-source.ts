import { join } from 'node:path'
import type { ImageSource } from '../classification/image-source.js'
import { nameAt, packNames } from './packed-names.js'

/** A source of images that are files of their own, below the folder `place`. */
export function fileSource(
  name: string,
  place: string,
  classes: string[],
  files: readonly { name: string; classId: number }[],
): ImageSource {
  const names = packNames(files.map((file) => file.name))
  return {
    name,
    classes,
    count: files.length,
    labels: Int32Array.from(files, ({ classId }) => classId),
    shards: null,
    place(index) {
      const path = join(place, nameAt(names, index))
      return { title: path, path, offset: 0, bytes: null }
    },
  }
}
