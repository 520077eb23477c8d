/** The one image that every side of the benchmark trains on and looks at. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { random } from '../../models/index.js'

export interface Scene {
  /** [height, width]. */
  size: [number, number]
  classes: number
  /** [x1, y1, x2, y2] in pixels. */
  boxes: number[][]
  /** Classes from 0. */
  labels: number[]
  /** uint8, height × width × 3, RGB. */
  image: Uint8Array
}

const OBJECTS = 8

/** Coloured rectangles, which may overlap, on a shaded and noisy ground. */
export function drawScene([height, width]: readonly [number, number], classes: number): Scene {
  const { uniform } = random(1, 'benchmark scene')
  const between = (from: number, to: number) => Math.floor(from + uniform() * (to - from))
  const image = new Uint8Array(height * width * 3)
  for (let i = 0; i < image.length; i++) image[i] = 60 + (120 * i) / image.length + 40 * uniform()
  const boxes: number[][] = []
  const labels: number[] = []
  for (let object = 0; object < OBJECTS; object++) {
    const [w, h] = [between(width / 16, width / 2), between(height / 16, height / 2)]
    const [x, y] = [between(0, width - w), between(0, height - h)]
    const colour = [0, 1, 2].map(() => between(0, 256))
    for (let row = y; row < y + h; row++)
      for (let column = x; column < x + w; column++) image.set(colour, (row * width + column) * 3)
    boxes.push([x, y, x + w, y + h])
    labels.push(between(0, classes))
  }
  return { size: [height, width], classes, boxes, labels, image }
}

/** As torchvision_peer.py reads it, too. */
export function writeScene(folder: string, { image, ...scene }: Scene): void {
  writeFileSync(join(folder, 'image.rgb'), image)
  writeFileSync(join(folder, 'scene.json'), JSON.stringify(scene))
}

export function readScene(folder: string): Scene {
  const scene = JSON.parse(readFileSync(join(folder, 'scene.json'), 'utf8'))
  return { ...scene, image: new Uint8Array(readFileSync(join(folder, 'image.rgb'))) }
}
