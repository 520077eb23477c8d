/** Tells folders with annotations from folders of images, by a few names. */
import { join } from 'node:path'
import { type Entries, entriesOf } from '../files/image-files.js'

/** ImageNet's lists of labels, which lie beside its images. */
const IMAGENET_LIST = /^LOC_.*\.csv$/i
const ANNOTATION_FILE = /\.(json|json\.gz|ya?ml|xml|csv|data|names)$/i
const ANNOTATION_FOLDER = /^(annotations|labels)$/i

/** Folders with more have a folder for each class. */
const MOST_FOLDERS = 20

/** Whether names in the folder, or one level below it, are those of annotations with boxes. Reads no file. */
export async function looksAnnotated(folder: string): Promise<boolean> {
  const top = await entriesOf(folder)
  if (hasNames(top)) return true
  for (const { name } of top.folders.slice(0, MOST_FOLDERS))
    if (hasNames(await entriesOf(join(folder, name)))) return true
  return false
}

const hasNames = ({ files, folders }: Pick<Entries, 'files' | 'folders'>): boolean =>
  files.some((name) => ANNOTATION_FILE.test(name) && !IMAGENET_LIST.test(name)) ||
  folders.some(({ name }) => ANNOTATION_FOLDER.test(name))
