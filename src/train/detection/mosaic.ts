/** Mosaics: four images in one, each in a corner of its own (Bochkovskiy et al. 2020, YOLOv4, section 3.3). */
import { fitImage, type ResizeMode } from '../../shared/detector-input.js'
import type { DetectionAugmentation } from './config.js'
import type { Placement } from './placement.js'

/** A rectangle of the input that shows one image. */
export interface Tile {
  left: number
  top: number
  width: number
  height: number
}

export interface Mosaic {
  /** Upper left, upper right, lower left, lower right; they cover the input. */
  tiles: Tile[]
  /** Indices of the images beside the first, of so many in the set. */
  partners: number[]
}

/** Where the tiles meet, in widths and heights of the input. */
const CENTRES = [0.3, 0.7] as const
/** Sizes of the images, of what each would have alone: at half of it all of an image may be seen. */
const FACTORS = [0.5, 1] as const

/**
 * Draws whether an image is part of a mosaic, and of which; null where it stands alone. `progress`: fraction of the
 * run that is done. It always draws six numbers.
 */
export function drawMosaic(
  { mosaic }: Pick<DetectionAugmentation, 'mosaic'>,
  { progress, count, inputSize }: { progress: number; count: number; inputSize: readonly [number, number] },
  uniform: () => number,
): Mosaic | null {
  const drawn = Array.from({ length: 6 }, uniform)
  if (!mosaic || progress >= mosaic.until || drawn[0] >= mosaic.probability) return null
  const [height, width] = inputSize
  const [low, high] = CENTRES
  const middle = (side: number, at: number): number => Math.round(side * (low + (high - low) * at))
  const [x, y] = [middle(width, drawn[1]), middle(height, drawn[2])]
  return {
    tiles: [
      { left: 0, top: 0, width: x, height: y },
      { left: x, top: 0, width: width - x, height: y },
      { left: 0, top: y, width: x, height: height - y },
      { left: x, top: y, width: width - x, height: height - y },
    ],
    partners: drawn.slice(3).map((at) => Math.floor(at * count)),
  }
}

/**
 * Draws the placement of an image on tile `corner` of a mosaic: as large as alone or down to half of that, mirrored or
 * not, with a corner where the tiles meet, and cut at the edges of the tile. It always draws two numbers.
 */
export function drawTilePlacement(
  { flip }: Pick<DetectionAugmentation, 'flip'>,
  {
    tile,
    corner,
    mode,
    inputSize,
    width,
    height,
  }: {
    tile: Tile
    corner: number
    mode: ResizeMode
    inputSize: readonly [number, number]
    width: number
    height: number
  },
  uniform: () => number,
): Placement {
  const fitted = fitImage(mode, inputSize, width, height)
  const [low, high] = FACTORS
  const factor = low * (high / low) ** uniform()
  const side = (pixels: number): number => Math.max(1, Math.round(pixels * factor))
  const scaled = { width: side(fitted.width), height: side(fitted.height) }
  return {
    ...{ width, height, scaled, mirrored: uniform() < 0.5 && flip },
    left: corner % 2 === 0 ? tile.width - scaled.width : 0,
    top: corner < 2 ? tile.height - scaled.height : 0,
    inputSize: [tile.height, tile.width],
  }
}
