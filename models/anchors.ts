/** Anchors: the boxes that the region proposal network starts from. */

export interface AnchorSettings {
  /** Side in pixels of a square anchor of scale 1. */
  base: number
  scales: readonly number[]
  /** Height / width; an anchor's area does not depend on it. */
  ratios: readonly number[]
  /** Centre of the first anchor in pixels, along both axes. */
  offset: number
}

export const anchorsPerCell = ({ scales, ratios }: AnchorSettings): number => scales.length * ratios.length

/**
 * The anchors of a feature map of [height, width] cells that lie `stride` pixels apart: rows
 * [x1, y1, x2, y2], cell by cell in reading order, in each cell ratio by ratio with all scales of each. They may
 * reach beyond the image.
 */
export function anchorsOf(
  settings: AnchorSettings,
  stride: number,
  [height, width]: readonly [number, number],
): Float32Array {
  const { base, scales, ratios, offset } = settings
  const shapes = ratios.flatMap((ratio) =>
    scales.map((scale) => {
      const side = base * scale
      return [side / Math.sqrt(ratio) / 2, (side * Math.sqrt(ratio)) / 2]
    }),
  )
  const anchors = new Float32Array(height * width * shapes.length * 4)
  let at = 0
  for (let row = 0; row < height; row++)
    for (let column = 0; column < width; column++)
      for (const [halfWidth, halfHeight] of shapes) {
        const [x, y] = [column * stride + offset, row * stride + offset]
        anchors.set([x - halfWidth, y - halfHeight, x + halfWidth, y + halfHeight], at)
        at += 4
      }
  return anchors
}
