/** Anchors: the reference boxes of the region proposal network. */

export interface AnchorSettings {
  /** Side in pixels of a square anchor of scale 1. */
  base: number
  scales: readonly number[]
  /** Height / width. The area of an anchor does not depend on it. */
  ratios: readonly number[]
  /** Centre of the first anchor in pixels, along both axes. */
  offset: number
}

/** Number of anchors at each cell of the feature map. */
export const anchorsPerCell = ({ scales, ratios }: AnchorSettings): number => scales.length * ratios.length

/**
 * The anchors of a feature map of [height, width] cells, `stride` pixels apart: rows [x1, y1, x2, y2] in pixels, cell by
 * cell in reading order; within a cell ratio by ratio, and for each ratio all scales. Anchors may reach beyond the
 * image.
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
