/** An exported detector that needs no training: it finds the red, the green and the blue pixels. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import sharp from 'sharp'
import { compile, trace } from '../../../../src/engine/index.js'
import { cardToMetadata, type DetectorCard } from '../../../../src/shared/model-card.js'

/** Ids with gaps, as COCO has them. */
export const COLOURS = [
  { id: 2, name: 'red', rgb: [240, 10, 10] },
  { id: 5, name: 'green', rgb: [10, 240, 10] },
  { id: 9, name: 'blue', rgb: [10, 10, 240] },
] as const

export function colourCard(changes: Partial<DetectorCard> = {}): DetectorCard {
  return {
    task: 'detection',
    name: 'colours',
    labels: COLOURS.map(({ name }) => name),
    categoryIds: COLOURS.map(({ id }) => id),
    inputSize: [96, 128],
    resize: 'letterbox',
    about: {},
    ...changes,
  }
}

/** The box around all pixels of each colour, three rows; its score is 0.9, 0.8, 0.7, or 0 where there are none. */
export function colourDetector(card: DetectorCard = colourCard()): Uint8Array {
  const [height, width] = card.inputSize
  const traced = trace((tracer) => {
    const images = tracer.input('images', [1, height, width, 3])
    const channels = tf.split(images, 3, 3).map((channel) => tf.reshape(channel, [height, width]))
    const found = COLOURS.map((_, colour) => {
      const [own, ...others] = [0, 1, 2].map((i) => channels[(colour + i) % 3])
      const rest = tf.maximum(others[0], others[1])
      const hit = tf.cast(tf.greater(tf.sub(own, rest), 110), 'float32')
      const along = (axis: number, length: number) => {
        const seen = tf.max(hit, axis)
        const from = tf.tensor1d(Float32Array.from({ length }, (_, i) => i))
        // Where nothing was seen the first pixel stands behind the last one.
        const first = tf.min(tf.add(from, tf.mul(tf.sub(1, seen), length)))
        const last = tf.max(tf.mul(tf.add(from, 1), seen))
        return { first, last }
      }
      const [x, y] = [along(0, width), along(1, height)]
      const score = tf.mul(tf.max(hit), 0.9 - 0.1 * colour)
      return { box: tf.stack([x.first, y.first, x.last, y.last]), score }
    })
    return {
      boxes: tf.expandDims(tf.stack(found.map(({ box }) => box)), 0),
      scores: tf.expandDims(tf.stack(found.map(({ score }) => score)), 0),
      classes: tf.tensor2d([COLOURS.map((_, i) => i)], undefined, 'int32'),
    }
  })
  return compile(traced, { inputTypes: { images: 'uint8' }, metadata: cardToMetadata(card) }).model
}

export interface Painted {
  width: number
  height: number
  /** COCO boxes of whole pixels, by colour. */
  objects: { colour: number; bbox: [number, number, number, number]; iscrowd?: 1 }[]
}

/** Writes the images as PNG into `folder`/images and their annotations beside it. */
export async function paint(
  folder: string,
  images: readonly Painted[],
): Promise<{ images: string; annotations: string }> {
  const place = join(folder, 'images')
  await mkdir(place, { recursive: true })
  const dataset = {
    images: images.map(({ width, height }, i) => ({ id: 10 + i, width, height, file_name: `${i}.png` })),
    categories: COLOURS.map(({ id, name }) => ({ id, name })),
    annotations: images
      .flatMap(({ objects }, i) => objects.map((object) => ({ image_id: 10 + i, ...object })))
      .map(({ image_id, colour, bbox, iscrowd = 0 }, i) => {
        const area = bbox[2] * bbox[3]
        return { id: i + 1, image_id, category_id: COLOURS[colour].id, bbox, area, iscrowd }
      }),
  }
  for (const [i, { width, height, objects }] of images.entries()) {
    const create = (w: number, h: number, [r, g, b]: readonly number[]) => ({
      create: { width: w, height: h, channels: 3 as const, background: { r, g, b } },
    })
    await sharp(create(width, height, [90, 90, 90]))
      .composite(
        objects.map(({ colour, bbox: [left, top, w, h] }) => ({
          input: create(w, h, COLOURS[colour].rgb),
          left,
          top,
        })),
      )
      .png()
      .toFile(join(place, `${i}.png`))
  }
  const annotations = join(folder, 'annotations.json')
  await writeFile(annotations, JSON.stringify(dataset))
  return { images: place, annotations }
}
