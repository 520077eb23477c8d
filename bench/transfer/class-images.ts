/** Images of some classes of the embedded data set, as class folders. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { writeNewFolder } from '../../datasets/files/new-folder.js'
import type { ImageSet } from '../../datasets/index.js'

/** A part of a folder: images of a set, the first so many of each class. */
export interface FolderPart {
  name: 'train' | 'test'
  set: ImageSet
  perClass: number
}

/** Writes `<part>/<class>/<number>.png` for these classes into a new folder. */
export async function writeClasses(
  folder: string,
  classes: readonly string[],
  parts: readonly FolderPart[],
): Promise<void> {
  await writeNewFolder(folder, 'the images', async (temporary) => {
    for (const { name, set, perClass } of parts)
      for (const label of classes) await writeClass(join(temporary, name, label), set, label, perClass)
    return true
  })
}

async function writeClass(folder: string, set: ImageSet, label: string, count: number): Promise<void> {
  const { width, height, pixels, labels, classes } = set
  await mkdir(folder, { recursive: true })
  const bytes = width * height * 3
  const own = [...labels.keys()].filter((image) => classes[labels[image]] === label).slice(0, count)
  if (own.length < Math.min(count, labels.length))
    throw new Error(`${set.name} has ${own.length} images of ${label}, fewer than ${count}`)
  for (const [number, image] of own.entries())
    await sharp(pixels.subarray(image * bytes, (image + 1) * bytes), { raw: { width, height, channels: 3 } })
      .png()
      .toFile(join(folder, `${String(number).padStart(4, '0')}.png`))
}
