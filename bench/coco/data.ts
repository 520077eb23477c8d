/** Synthetic COCO files of the real ones' size and make-up: the same bytes at every run. */

import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { type Detection, mask, writeResults } from '#coco-ts'
import { sfc32 } from '../../src/shared/random.js'

const WIDTH = 640
const HEIGHT = 480
const CATEGORIES = 80

interface SyntheticObject {
  category: number
  box: [number, number, number, number]
  polygon: number[]
}

const round = (value: number): number => Math.round(value * 100) / 100

/** A star-shaped outline within the box. */
function outline(random: () => number, [x, y, w, h]: SyntheticObject['box'], corners: number): number[] {
  const polygon: number[] = []
  for (let i = 0; i < corners; i++) {
    const angle = (2 * Math.PI * i) / corners
    const radius = 0.6 + 0.4 * random()
    polygon.push(round(x + (w / 2) * (1 + radius * Math.cos(angle))))
    polygon.push(round(y + (h / 2) * (1 + radius * Math.sin(angle))))
  }
  return polygon
}

/** Few categories are frequent, many rare; half of the objects are small. */
function drawObject(random: () => number, mostCorners = 36): SyntheticObject {
  const side = 8 * 40 ** random()
  const w = Math.min(WIDTH, side * (0.6 + random()))
  const h = Math.min(HEIGHT, side * (0.6 + random()))
  const box: SyntheticObject['box'] = [
    round(random() * (WIDTH - w)),
    round(random() * (HEIGHT - h)),
    round(w),
    round(h),
  ]
  return {
    category: 1 + Math.floor(CATEGORIES * random() ** 2),
    box,
    polygon: outline(random, box, 8 + Math.floor(random() * (mostCorners - 8))),
  }
}

interface Shape {
  images: number
  objects: number
  /** Detections an image. */
  detections: number
  /** Corners of a polygon. */
  mostCorners?: number
}

/** The size of instances_val2017.json, with as many detections as count. */
export const VAL2017: Shape = { images: 5000, objects: 36_000, detections: 100 }
/** As many annotations as instances_train2017.json: 450 MB. */
export const TRAIN2017: Shape = { images: 118_287, objects: 860_001, detections: 0, mostCorners: 50 }

function objectsByImage({ images, objects }: Shape, random: () => number): Uint16Array {
  const counts = new Uint16Array(images)
  for (let n = 0; n < objects; n++) counts[Math.floor(random() * images)]++
  return counts
}

/** Writes the annotations, an entry at a time. Returns the bytes written. */
export async function writeAnnotations(path: string, shape: Shape, seed = 1): Promise<number> {
  const random = sfc32(seed)
  const counts = objectsByImage(shape, random)
  const file = createWriteStream(path)
  const write = async (text: string): Promise<void> => {
    if (!file.write(text)) await once(file, 'drain')
  }
  await write('{"info": {"description": "synthetic"}, "images": [')
  for (let i = 0; i < shape.images; i++) {
    const image = {
      license: 3,
      file_name: `${String(i + 1).padStart(12, '0')}.jpg`,
      height: HEIGHT,
      width: WIDTH,
    }
    await write(
      `${i > 0 ? ', ' : ''}${JSON.stringify({ ...image, date_captured: '2013-11-14 17:02:52', id: i + 1 })}`,
    )
  }
  await write('], "annotations": [')
  let id = 0
  for (let i = 0; i < shape.images; i++) {
    for (let n = 0; n < counts[i]; n++) {
      const { category, box, polygon } = drawObject(random, shape.mostCorners)
      const crowd = random() < 0.01
      const annotation = {
        segmentation: crowd ? uncompressed(polygon) : [polygon],
        area: round(box[2] * box[3] * 0.6),
        iscrowd: crowd ? 1 : 0,
        image_id: i + 1,
        bbox: box,
        category_id: category,
        id: id + 1,
      }
      await write(`${id > 0 ? ', ' : ''}${JSON.stringify(annotation)}`)
      id++
    }
  }
  const categories = Array.from({ length: CATEGORIES }, (_, k) => ({
    supercategory: 'thing',
    id: k + 1,
    name: `thing ${k}`,
  }))
  await write(`], "categories": ${JSON.stringify(categories)}}`)
  file.end()
  await once(file, 'close')
  return file.bytesWritten
}

function uncompressed(polygon: number[]): { size: [number, number]; counts: number[] } {
  const rle = mask.frPyObjects(polygon, HEIGHT, WIDTH)
  return { size: [HEIGHT, WIDTH], counts: [...mask.rleFrString(rle.counts)] }
}

/** Writes results on those annotations: most objects found, more or less well, the rest of each image's number wrong. */
export async function writeDetections(
  path: string,
  shape: Shape,
  form: 'bbox' | 'segm',
  seed = 1,
): Promise<void> {
  await writeResults(path, drawDetections(shape, form, seed))
}

function* drawDetections(shape: Shape, form: 'bbox' | 'segm', seed: number): Generator<Detection> {
  const random = sfc32(seed)
  const counts = objectsByImage(shape, random)
  const own = sfc32(seed + 1)
  for (let i = 0; i < shape.images; i++) {
    let left = shape.detections
    const detection = (object: SyntheticObject, shift: number, score: number): Detection => {
      const head = { image_id: i + 1, category_id: object.category, score: Math.round(score * 1e4) / 1e4 }
      const [x, y, w, h] = object.box
      const [dx, dy] = [shift * w * (own() - 0.5), shift * h * (own() - 0.5)]
      if (form === 'bbox')
        return { ...head, bbox: [round(Math.max(0, x + dx)), round(Math.max(0, y + dy)), w, h] }
      const polygon = object.polygon.map((value, n) => value + (n % 2 === 0 ? dx : dy))
      return { ...head, segmentation: mask.frPyObjects(polygon, HEIGHT, WIDTH) }
    }
    for (let n = 0; n < counts[i]; n++) {
      const object = drawObject(random, shape.mostCorners)
      random() // the annotations' draw for crowds
      const tries = Math.min(left, Math.floor(own() * 4))
      for (let t = 0; t < tries; t++, left--) yield detection(object, [0.05, 0.2, 0.6][t], own() ** (t + 0.5))
    }
    while (left-- > 0) yield detection(drawObject(own), 0, own() ** 3)
  }
}

/** Outlines of objects, to try the mask operations on. */
export function drawMasks(count: number): { size: [number, number]; polygons: number[][] } {
  const random = sfc32(3)
  return { size: [HEIGHT, WIDTH], polygons: Array.from({ length: count }, () => drawObject(random).polygon) }
}
