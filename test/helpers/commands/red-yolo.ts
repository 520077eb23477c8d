import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { paint, redScenes } from '../train/detection/red-scenes.js'

/**
 * Writes scenes with a red rectangle each as a YOLO set of the classes `red` and `ground`, the latter being the whole
 * image: `data.yaml`, and `images/` and `labels/` of each part; a part `''` is the whole set.
 */
export async function writeRedYolo(folder: string, parts: Record<string, number>): Promise<void> {
  for (const [seed, [part, count]] of Object.entries(parts).entries())
    for (const [i, scene] of redScenes(count, seed).entries()) {
      const { width, height, bbox } = scene
      const [x, y, w, h] = bbox
      const red = [(x + w / 2) / width, (y + h / 2) / height, w / width, h / height]
      await write(join(folder, part, 'images', `${i}.png`), await paint(scene))
      await write(join(folder, part, 'labels', `${i}.txt`), `0 ${red.join(' ')}\n1 0.5 0.5 1 1\n`)
    }
  const lines = Object.keys(parts).map((part) => `${part || 'train'}: ${join(part, 'images')}\n`)
  await writeFile(join(folder, 'data.yaml'), `names: [red, ground]\n${lines.join('')}`)
}

async function write(path: string, content: string | Buffer): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, content)
}
