import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'

/** Images of 16 × 16 pixels, red or green with noise: train/red/0.png … and test/…; `images` to train on of each. */
export async function paintImages(folder: string, images = 24): Promise<void> {
  for (const [part, count] of [
    ['train', images],
    ['test', 10],
  ] as const)
    for (const [index, background] of ['#c03020', '#20a040'].entries()) {
      const place = join(folder, part, ['red', 'green'][index])
      await mkdir(place, { recursive: true })
      for (let image = 0; image < count; image++) {
        const mark = { create: { width: 5, height: 5, channels: 3 as const, background: '#dddddd' } }
        await sharp({ create: { width: 16, height: 16, channels: 3, background } })
          .composite([{ input: mark, left: image % 11, top: (image * 3) % 11 }])
          .png()
          .toFile(join(place, `${image}.png`))
      }
    }
}
