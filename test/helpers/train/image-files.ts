/** Small labelled photographs as files of their own and as shards, for tests of training from files. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import type { ImageSource } from '../../../datasets/classification/image-source.js'
import { random } from '../../../src/shared/random.js'

export const CLASSES = ['blue', 'green', 'red']

/** JPEG `index`, mostly of the colour of its class, which is index % 3; its size differs from image to image. */
export async function photograph(index: number): Promise<Buffer> {
  const [width, height] = [10 + (index % 5), 9 + (index % 4)]
  const { uniform } = random(7, 'photograph', index)
  const own = 2 - (index % 3)
  const pixels = Buffer.from(
    Array.from({ length: width * height * 3 }, (_, i) => Math.floor(uniform() * (i % 3 === own ? 256 : 120))),
  )
  const image = sharp(pixels, { raw: { width, height, channels: 3 } }).jpeg()
  // Some cameras store images on their side.
  return (index % 7 === 3 ? image.withMetadata({ orientation: 6 }) : image).toBuffer()
}

/** `count` images as train/<class>/*.jpg below `folder`. */
export async function writeClassFolders(folder: string, count: number): Promise<void> {
  for (const name of CLASSES) await mkdir(join(folder, 'train', name), { recursive: true })
  for (let index = 0; index < count; index++)
    await writeFile(
      join(folder, 'train', CLASSES[index % 3], `${String(index).padStart(3, '0')}.jpg`),
      await photograph(index),
    )
}

/** The class folders of {@link writeClassFolders} as a source, class by class. */
export function folderSource(folder: string, count: number): ImageSource {
  const indices = Array.from({ length: count }, (_, index) => index).sort(
    (a, b) => (a % 3) - (b % 3) || a - b,
  )
  return {
    name: 'photographs',
    classes: CLASSES,
    count,
    labels: Int32Array.from(indices, (index) => index % 3),
    shards: null,
    place(image) {
      const index = indices[image]
      const path = join(folder, 'train', CLASSES[index % 3], `${String(index).padStart(3, '0')}.jpg`)
      return { title: path, path, offset: 0, bytes: null }
    },
  }
}

/**
 * Writes `count` images into files of `perShard`, one behind the other, and describes them as a source. `broken`: indices
 * of images whose bytes are none of an image.
 */
export async function writeShards(
  folder: string,
  { count, perShard, broken = [] }: { count: number; perShard: number; broken?: number[] },
): Promise<ImageSource> {
  await mkdir(folder, { recursive: true })
  const places: { path: string; offset: number; bytes: number; title: string }[] = []
  for (let first = 0; first < count; first += perShard) {
    const name = `shard-${first / perShard}.tar`
    const path = join(folder, name)
    const files: Buffer[] = []
    let offset = 0
    for (let index = first; index < Math.min(count, first + perShard); index++) {
      const file = broken.includes(index) ? Buffer.from('this is no image') : await photograph(index)
      places.push({ path, offset, bytes: file.length, title: `${name}: ${index}.jpg` })
      files.push(file, Buffer.alloc(index % 3))
      offset += file.length + (index % 3)
    }
    await writeFile(path, Buffer.concat(files))
  }
  return {
    name: 'shards',
    classes: CLASSES,
    count,
    labels: Int32Array.from({ length: count }, (_, index) => index % 3),
    shards: Uint32Array.from({ length: Math.ceil(count / perShard) }, (_, shard) => shard * perShard),
    place: (index) => places[index],
  }
}
