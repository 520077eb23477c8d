/** Writes annotated images in another format, as a new folder. */
import { constants, existsSync } from 'node:fs'
import { copyFile, mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { type AnnotatedSet, imagePath } from '../annotated/annotated-set.js'
import type { WrittenSet } from '../annotated/written.js'
import { writeNewFolder } from '../files/new-folder.js'
import { inParallel } from '../files/parallel.js'
import { cocoFiles, writeCocoFile } from './coco/write.js'
import { vocFiles } from './voc/write.js'
import type { YoloOptions } from './yolo/write.js'

/** Formats that are written. */
export const writtenFormats = ['coco', 'yolo', 'voc'] as const
export type WrittenFormat = (typeof writtenFormats)[number]

/** What becomes of the images: copied, linked to, or left where they are. */
export const imageModes = ['copy', 'link', 'none'] as const
export type ImageMode = (typeof imageModes)[number]

export interface WriteOptions extends YoloOptions {
  to: WrittenFormat
  images: ImageMode
  onProgress?: (done: number, count: number) => void
  signal?: AbortSignal
}

type Writer = (set: AnnotatedSet, options: YoloOptions) => WrittenSet

const writers: Record<WrittenFormat, () => Promise<Writer>> = {
  coco: async () => cocoFiles,
  // It loads a library for YAML.
  yolo: async () => (await import('./yolo/write.js')).yoloFiles,
  voc: async () => vocFiles,
}

/** Files that are written in parallel. */
const PARALLEL = 8

/**
 * Writes the set as a new folder, which appears whole or not at all.
 *
 * @returns In a sentence each what the format cannot hold; undefined when the signal stopped it
 * @throws DatasetError for a folder that holds something or cannot be written, and for images whose names the format
 * cannot tell apart
 */
export async function writeAnnotations(
  set: AnnotatedSet,
  folder: string,
  { to, images: mode, onProgress = () => {}, signal, ...options }: WriteOptions,
): Promise<string[] | undefined> {
  const filesOf = await writers[to]()
  const { texts, datasets, images, notHeld } = filesOf(set, options)
  const placed = mode === 'none' ? [] : [...new Map(images.map((image) => [image.path, image])).values()]
  const whole = await writeNewFolder(folder, 'what is converted', async (temporary) => {
    const folders = [...texts, ...datasets, ...placed].map(({ path }) => dirname(join(temporary, path)))
    for (const one of new Set(folders)) if (!existsSync(one)) await mkdir(one, { recursive: true })
    await inParallel(texts, PARALLEL, ({ path, text }) => writeFile(join(temporary, path), text))
    for (const { path, dataset } of datasets) await writeCocoFile(join(temporary, path), dataset)
    let done = 0
    await inParallel(placed, PARALLEL, async ({ path, fileName }) => {
      if (signal?.aborted) return
      await place(imagePath(set, fileName), join(temporary, path), mode)
      onProgress(++done, placed.length)
    })
    return !signal?.aborted
  })
  return whole ? notHeld.sentences() : undefined
}

/** Brings a file to a new place; links are absolute, so that the folder with them may be moved. */
export async function place(from: string, to: string, mode: ImageMode): Promise<void> {
  if (mode === 'link') await symlink(resolve(from), to)
  else if (mode === 'copy') await copyFile(from, to, constants.COPYFILE_FICLONE)
}
