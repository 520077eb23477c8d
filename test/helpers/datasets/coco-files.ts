/** Small COCO files with images, for tests of what is read from them. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import sharp from 'sharp'
import { temporaryFolder } from '../temporary-folder.js'

export const categories = [
  { id: 90, name: 'kite' },
  { id: 3, name: 'cat' },
  { id: 17, name: 'dog' },
]

export interface Entry {
  id: number
  image_id: number
  category_id: number
  bbox: number[]
  area: number
  iscrowd: number
}
/** An annotation whose area is that of its box. */
export const box = (
  id: number,
  image_id: number,
  category_id: number,
  bbox: number[],
  iscrowd = 0,
): Entry => ({
  id,
  image_id,
  category_id,
  bbox,
  area: bbox[2] * bbox[3],
  iscrowd,
})

/** Images 1, 2, … of 40 × 20 pixels, of which the first `onDisk` are there. */
export async function writeCoco(
  t: TestContext,
  { count = 4, onDisk, annotations = [] }: { count?: number; onDisk?: number; annotations?: Entry[] },
): Promise<{ images: string; annotations: string }> {
  const folder = await temporaryFolder(t)
  const images = join(folder, 'images')
  await mkdir(images)
  const entries = Array.from({ length: count }, (_, i) => ({
    ...{ id: i + 1, width: 40, height: 20, file_name: `${i + 1}.png` },
  }))
  const png = await sharp({ create: { width: 40, height: 20, channels: 3, background: '#808080' } })
    .png()
    .toBuffer()
  for (const { file_name } of entries.slice(0, onDisk ?? count)) await writeFile(join(images, file_name), png)
  const file = join(folder, 'mine.json')
  await writeFile(file, JSON.stringify({ images: entries, categories, annotations }))
  return { images, annotations: file }
}
