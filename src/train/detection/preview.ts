/** Draws training images as the detector receives them, so that a person can check their boxes and masks. */

import sharp from 'sharp'
import { COCO, DatasetBuilder, mask, type Rle } from '#coco-ts'
import { toDetectionImage } from '../../../datasets/detection/coco-set.js'
import { drawContactSheet } from '../../../datasets/detection/contact-sheet.js'
import type { DetectionSet } from '../../../datasets/detection/detection-set.js'
import { CROWD } from '../../../models/ground-truth.js'
import { placeObjects } from './augment.js'
import { STEPS_OF_A_SIZE, sizeAt } from './batches.js'
import type { DetectorRunConfig } from './config.js'
import { decodedImages } from './decoded.js'
import type { Tile } from './mosaic.js'
import { placeMask } from './placement.js'
import { drawSample, type PlacedTile, writeTiles } from './sample.js'

/** Each image is drawn as in so many epochs. */
const EPOCHS = 3

/**
 * A contact sheet of `images` images of the set, evenly spaced, each as in the first {@link EPOCHS} epochs, with the
 * boxes and masks that are trained on. Crowds and objects that are hardly visible are dashed. PNG.
 *
 * @throws UserError when no image can be read
 */
export async function drawTrainingSheet(
  config: DetectorRunConfig,
  set: DetectionSet,
  { images = 4, warn = () => {} }: { images?: number; warn?: (text: string) => void } = {},
): Promise<Buffer> {
  const builder = new DatasetBuilder()
  for (const category of set.categories) builder.addCategory(category)
  const decode = decodedImages(set, { warn })
  const drawn: Buffer[] = []
  const count = Math.min(images, set.images.length)
  for (let i = 0; i < count; i++) {
    // The image itself or, if it cannot be read, the one that takes its place.
    const { index } = await decode(Math.floor((i * set.images.length) / count))
    for (let epoch = 0; epoch < EPOCHS; epoch++) {
      const inputSize = sizeAt(config, (i * EPOCHS + epoch) * STEPS_OF_A_SIZE)
      const place = { epoch, image: index, count: set.images.length, progress: 0, inputSize }
      const tiles = await drawSample(config, decode, place)
      const [height, width] = inputSize
      const input = new Float32Array(height * width * 3)
      writeTiles(input, 0, tiles, inputSize)
      const bytes = Uint8Array.from(input, (value) => Math.round((value + 1) * 127.5))
      const raw = { width, height, channels: 3 as const }
      drawn.push(await sharp(bytes, { raw }).png().toBuffer())
      const imageId = builder.addImage({ width, height, file_name: set.images[index].fileName })
      for (const tile of tiles) addPlaced(builder, { imageId, inputSize }, config, set, tile)
    }
  }
  const coco = new COCO(builder.build())
  return drawContactSheet(coco, {
    images: coco.dataset.images,
    source: ({ id }) => drawn[id - 1],
    columns: EPOCHS,
  })
}

/** Adds the objects of a tile at their place on the input. */
function addPlaced(
  builder: DatasetBuilder,
  { imageId, inputSize }: { imageId: number; inputSize: readonly [number, number] },
  { augmentation: { minVisible } }: DetectorRunConfig,
  { coco, categories, images }: DetectionSet,
  { index, placement, tile }: PlacedTile,
): void {
  const classOf = new Map(categories.map(({ id }, label) => [id, label]))
  const image = coco.imgs.get(images[index].id)!
  for (const annotation of coco.imgToAnns.get(image.id) ?? []) {
    const single = toDetectionImage(image, images[index].fileName, [annotation], classOf)
    const { boxes, labels } = placeObjects(single, placement, { minVisible, most: 1 })
    if (labels.length === 0) continue
    const [x1, y1, x2, y2] = boxes
    const masked = coco.maskForm(annotation) !== 'none'
    builder.addAnnotation({
      image_id: imageId,
      category_id: annotation.category_id,
      bbox: [tile.left + x1, tile.top + y1, x2 - x1, y2 - y1],
      area: (x2 - x1) * (y2 - y1),
      iscrowd: labels[0] === CROWD ? 1 : 0,
      ...(masked && {
        segmentation: onInput(placeMask(coco.annToRLE(annotation), placement), tile, inputSize),
      }),
    })
  }
}

/** The mask of a tile as one of the whole input. */
function onInput(ofTile: Rle, tile: Tile, [height, width]: readonly [number, number]): Rle {
  const { data: part } = mask.decode(ofTile)
  const data = new Uint8Array(height * width)
  for (let y = 0; y < tile.height; y++)
    data.set(part.subarray(y * tile.width, (y + 1) * tile.width), (tile.top + y) * width + tile.left)
  return mask.encode({ width, height, data })
}
