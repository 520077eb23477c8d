import { partOfFolder } from '../classification/class-folders.js'
import { WHOLE } from './annotated-set.js'

/** The part that a path's folders are named for, for example `val` for `valid/images/a.jpg`; `all` where none is. */
export function partOf(path: string): string {
  for (const folder of path.split('/').slice(0, -1)) {
    // As COCO's folders are called: train2017.
    const part = partOfFolder(folder.replace(/\d{4}$/, ''))
    if (part !== undefined) return part === 'validation' ? 'val' : part
  }
  return WHOLE
}
