/** Photographs to detect things in, and what is in them. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { scene, scenePixels, type Thing, VIEW } from '../serve/scenes.js'
import { golden, storedAs } from '../serve/support.js'
import { temporaryFolder } from '../temporary-folder.js'

export const detectorFlags = ['--model', golden('detector.onnx')]

const [viewHeight, viewWidth] = VIEW
export const things: Thing[] = [
  { channel: 1, brightness: 200, box: [5, 6, 20, 10] },
  { channel: 0, brightness: 250, box: [30, 2, 8, 21] },
  { channel: 2, brightness: 140, box: [40, 30, 24, 18] },
]

/** A folder with photos/: three sound images, more/: one of the same name, one cut off, one that is a text. */
export async function photographs(t: TestContext): Promise<string> {
  const folder = await temporaryFolder(t)
  for (const name of ['photos/below', 'more', 'none']) await mkdir(join(folder, name), { recursive: true })
  const write = (name: string, bytes: Uint8Array | string) => writeFile(join(folder, name), bytes)
  await write('photos/10.png', await scene(viewWidth, viewHeight, things).png().toBuffer())
  const turned = storedAs(6, scenePixels(320, 240, [{ ...things[0], box: [20, 40, 100, 60] }]), 320, 240)
  await write('photos/2.JPG', await turned.jpeg({ quality: 100, chromaSubsampling: '4:4:4' }).toBuffer())
  await write('photos/empty.webp', await scene(90, 50, []).webp().toBuffer())
  await write('photos/notes.txt', 'no image')
  await write('photos/below/deeper.png', await scene(9, 9, []).png().toBuffer())
  await write('more/2.png', await scene(viewWidth, viewHeight, things.slice(1, 2)).png().toBuffer())
  const jpeg = await scene(640, 480, things).jpeg().toBuffer()
  await write('more/cut.jpg', jpeg.subarray(0, jpeg.length / 2))
  await write('more/text.jpg', 'no image either')
  return folder
}
