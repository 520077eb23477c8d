/** One training image as a detector is given it: an image of the set at its place, or a mosaic of four. */
import type { DetectionSet } from '../../../datasets/detection/detection-set.js'
import { random } from '../../shared/random.js'
import { type ColourChange, drawColourChange } from '../images/colour.js'
import { changeColoursOn, largestObjects, type PlacedObjects, placeObjects, placePixels } from './augment.js'
import type { DetectorRunConfig } from './config.js'
import type { DecodedImage } from './decoded.js'
import { drawMosaic, drawTilePlacement, type Tile } from './mosaic.js'
import { drawPlacement, type Placement } from './placement.js'

type SampleConfig = Pick<DetectorRunConfig, 'augmentation' | 'resize' | 'seed'>

/** An image of the set on its part of the input. */
export interface PlacedTile {
  /** Which image of the set. */
  index: number
  tile: Tile
  /** On the tile, whose size is its `inputSize`. */
  placement: Placement
  /** Null: none. */
  colour: ColourChange | null
  /** Of the tile, height × width × 3, before its colours change. */
  pixels: Uint8Array
}

export interface SamplePlace {
  epoch: number
  /** Which image of the epoch's order; one that comes several times in an epoch has several numbers. */
  image: number
  /** Images in the set. */
  count: number
  /** Fraction of the run that is done. */
  progress: number
  inputSize: [number, number]
}

/**
 * Decodes and places the image, or the four of its mosaic. What is drawn depends on (seed, epoch, image) alone.
 *
 * @throws UserError as `decode`
 */
export async function drawSample(
  config: SampleConfig,
  decode: (index: number) => Promise<DecodedImage>,
  place: SamplePlace,
): Promise<PlacedTile[]> {
  const { augmentation, resize, seed } = config
  const { epoch, image, count, inputSize } = place
  const mosaic = drawMosaic(augmentation, place, random(seed, 'mosaic', epoch, image).uniform)
  const placed = async (
    index: number,
    tile: Tile,
    keys: number[],
    draw: (size: { width: number; height: number }, uniform: () => number) => Placement,
  ): Promise<PlacedTile> => {
    const decoded = await decode(index)
    const placement = draw(decoded.pixels, random(seed, 'augmentation', ...keys).uniform)
    return {
      ...{ index: decoded.index, tile, placement },
      colour:
        augmentation.colour === 0
          ? null
          : drawColourChange(augmentation.colour, random(seed, 'colour', ...keys).uniform),
      pixels: await placePixels(decoded.pixels, placement, resize),
    }
  }
  const [height, width] = inputSize
  if (mosaic === null)
    return [
      await placed(image % count, { left: 0, top: 0, width, height }, [epoch, image], (size, uniform) =>
        drawPlacement(augmentation, { mode: resize, inputSize, ...sidesOf(size) }, uniform),
      ),
    ]
  return Promise.all(
    [image % count, ...mosaic.partners].map((index, corner) => {
      const tile = mosaic.tiles[corner]
      return placed(index, tile, [epoch, image, corner], (size, uniform) =>
        drawTilePlacement(augmentation, { tile, corner, mode: resize, inputSize, ...sidesOf(size) }, uniform),
      )
    }),
  )
}

const sidesOf = ({ width, height }: { width: number; height: number }) => ({ width, height })

/** The objects of all tiles in pixels of the input; of more than `most` the largest. */
export function objectsOf(
  tiles: readonly PlacedTile[],
  { images }: Pick<DetectionSet, 'images'>,
  { minVisible, most }: { minVisible: number; most: number },
): PlacedObjects {
  const placed = tiles.map(({ index, placement, tile: { left, top } }) => {
    const { boxes, labels } = placeObjects(images[index], placement, { minVisible, most })
    return { labels, boxes: boxes.map((side, i) => side + (i % 2 === 0 ? left : top)) }
  })
  return largestObjects(placed, most)
}

/** Writes the pixels of all tiles, their colours changed, to the input's height × width × 3 numbers from index `from` on. */
export function writeTiles(
  images: Float32Array,
  from: number,
  tiles: readonly PlacedTile[],
  [, width]: readonly [number, number],
): void {
  for (const { tile, placement, colour, pixels } of tiles) {
    const part = scaled(pixels)
    if (colour !== null) changeColoursOn(part, 0, placement, colour)
    const row = tile.width * 3
    for (let y = 0; y < tile.height; y++)
      images.set(part.subarray(y * row, (y + 1) * row), from + ((tile.top + y) * width + tile.left) * 3)
  }
}

/** Bytes 0…255 as numbers in [−1, 1], as in the exported detector. */
function scaled(bytes: Uint8Array): Float32Array {
  const numbers = new Float32Array(bytes.length)
  for (let i = 0; i < bytes.length; i++) numbers[i] = bytes[i] * (2 / 255) - 1
  return numbers
}
