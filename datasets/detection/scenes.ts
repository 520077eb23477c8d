/**
 * The embedded detection data set: scenes of emoji over backgrounds, with true COCO annotations. It needs no
 * download, and its test measures generalisation: objects of test scenes are by an artist, and their backgrounds of
 * kinds, that training never sees.
 */

import sharp from 'sharp'
import { COCO, DatasetBuilder, mask } from '#coco-ts'
import { sfc32 } from '../../src/shared/random.js'
import { divideArtwork } from '../classification/embedded.js'
import { artists } from '../emoji/artists.js'
import { type Artwork, type Drawing, loadDrawings, rasterise } from '../emoji/artwork.js'
import { emojiClasses } from '../emoji/classes.js'
import { between, type Canvas, type Random } from '../emoji/compose.js'
import { DatasetError } from '../files/errors.js'
import { trainBackgrounds } from './backgrounds.js'
import { toDetectionImage } from './coco-set.js'
import type { DetectionSet } from './detection-set.js'
import { composeScene, EXTENTS, type SceneObject, type SceneOptions } from './scene.js'
import { testBackgrounds } from './unseen-backgrounds.js'

export interface SceneSetOptions {
  part: 'train' | 'test'
  count: number
  /** Height and width of the scenes in pixels, 64 to 1024. Default 224. */
  size?: number
  /** Same seed, same scenes; scene i is the same however many there are. Default 0. */
  seed?: number
  onProgress?: (done: number, count: number) => void
}

/** The classes, which are those of the embedded data set. */
export const sceneCategories = emojiClasses.map(({ name }, index) => ({ id: index + 1, name }))

/**
 * Composes the scenes in memory, each as a JPEG file.
 *
 * @throws DatasetError for a size or count out of range.
 */
export async function loadScenes(options: SceneSetOptions): Promise<DetectionSet> {
  const files: Buffer[] = []
  const builder = sceneBuilder(options)
  for await (const { jpeg, fileName, objects, size } of composeScenes(options)) {
    files.push(jpeg)
    addScene(builder, { fileName, objects, size })
    options.onProgress?.(files.length, options.count)
  }
  const coco = new COCO(builder.build())
  const classOf = new Map(sceneCategories.map(({ id }, index) => [id, index]))
  return {
    name: `scenes ${options.part}`,
    categories: sceneCategories,
    images: coco.dataset.images.map((image) =>
      toDetectionImage(image, `${options.part}/${image.file_name}`, coco.imgToAnns.get(image.id), classOf),
    ),
    coco,
    source: (index) => files[index],
  }
}

export interface SceneFile {
  fileName: string
  jpeg: Buffer
  objects: SceneObject[]
  size: number
}

/** The scenes one after the other, so that they need not all lie in memory. */
export async function* composeScenes(options: SceneSetOptions): AsyncGenerator<SceneFile> {
  const { part, count, size = 224, seed = 0 } = options
  if (!Number.isInteger(count) || count < 1)
    throw new DatasetError(`A set of scenes has at least one; ${count} is not possible.`)
  if (!Number.isInteger(size) || size < 64 || size > 1024)
    throw new DatasetError(`Scenes have 64 to 1024 pixels a side, not ${size}.`)
  const { shown, unseen } = divideArtwork(await loadDrawings(), { seed, validation: false })
  const drawings = part === 'train' ? shown : unseen
  const rasters = new Map<Drawing, Promise<Artwork>>()
  const scene: SceneOptions = {
    size,
    drawings: emojiClasses.map((_, classId) => drawings.filter((one) => one.classId === classId)),
    pixels(drawing) {
      // As large as the largest objects are drawn.
      const raster = rasters.get(drawing) ?? rasterise(drawing, Math.round(size * EXTENTS[1]))
      rasters.set(drawing, raster)
      return raster
    },
    backgrounds: Object.values(part === 'train' ? trainBackgrounds : testBackgrounds),
  }
  const compose = async (index: number): Promise<SceneFile> => {
    const random = sfc32(seed, 'scenes', part, index)
    const { canvas, objects } = await composeScene(scene, random)
    const jpeg = await photograph(canvas, random)
    return { fileName: `${String(index + 1).padStart(6, '0')}.jpg`, jpeg, objects, size }
  }
  // While one scene is composed, sharp's threads draw for the next and encode those before.
  const waiting: Promise<SceneFile>[] = []
  for (let index = 0; index < count; index++) {
    waiting.push(compose(index))
    if (waiting.length > AHEAD) yield await waiting.shift()!
  }
  for (const one of waiting) yield await one
}

const AHEAD = 4

/** The canvas as a JPEG file, a little out of focus by chance. */
async function photograph({ size, rgb }: Canvas, random: Random): Promise<Buffer> {
  const pixels = new Uint8ClampedArray(rgb)
  const image = sharp(pixels, { raw: { width: size, height: size, channels: 3 } })
  const blurred = random() < 0.4 ? image.blur(between(random, 0.4, 1)) : image
  return blurred.jpeg({ quality: Math.round(between(random, 82, 95)) }).toBuffer()
}

/** An annotation file to be, with the categories and whom to credit. */
export function sceneBuilder({ part, seed = 0 }: Pick<SceneSetOptions, 'part' | 'seed'>): DatasetBuilder {
  const builder = new DatasetBuilder({
    info: { description: `embedded scenes, ${part}`, seed },
    licenses: artists
      .filter(({ role }) => role === part)
      .map(({ title, credit, license, url }, index) => ({
        ...{ id: index + 1, name: `${title} by ${credit}: ${license}`, url },
      })),
  })
  for (const category of sceneCategories) builder.addCategory(category)
  return builder
}

/** Writes down a scene and its objects: boxes, areas and masks are those of the pixels that can be seen. */
export function addScene(
  builder: DatasetBuilder,
  { fileName, objects, size }: Omit<SceneFile, 'jpeg'>,
): void {
  const image_id = builder.addImage({ file_name: fileName, width: size, height: size })
  for (const { classId, crowd, area, bbox, mask: data } of objects) {
    builder.addAnnotation({
      ...{ image_id, category_id: sceneCategories[classId].id, area, bbox, iscrowd: crowd ? 1 : 0 },
      segmentation: mask.encode({ data, height: size, width: size }),
    })
  }
}
