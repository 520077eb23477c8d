/**
 * Colour distortion: random brightness, contrast, saturation and hue, as in SSD (Liu et al. 2016, section 2.2) and in
 * the preprocessing of Inception. It makes networks less dependent on the colours of one camera or one artist.
 */

/** The largest change of each property at strength 1, in either direction. */
const BRIGHTNESS = 0.25
const CONTRAST = 0.5
const SATURATION = 0.5
/** In radians. */
const HUE = 0.3

/** RGB in [−1, 1] → matrix · RGB + offset, clipped to [−1, 1]. */
export interface ColourChange {
  /** 3 × 3, row by row. */
  matrix: number[]
  offset: number
}

/** Luma of RGB (ITU-R BT.601), which neither saturation nor hue changes. */
const LUMA = [0.299, 0.587, 0.114]

/** Draws a change of colours. `strength` 0 changes nothing. It always draws four numbers. */
export function drawColourChange(strength: number, uniform: () => number): ColourChange {
  const within = (reach: number): number => (2 * uniform() - 1) * reach * strength
  const offset = within(BRIGHTNESS)
  const contrast = 1 + within(CONTRAST)
  const saturation = 1 + within(SATURATION)
  const angle = within(HUE)
  return { matrix: hueMatrix(angle, saturation).map((weight) => weight * contrast), offset }
}

/**
 * The matrix that rotates hues by `angle` and multiplies their saturation: it rotates and scales the two differences
 * R − Y and B − Y, and keeps the luma Y.
 */
function hueMatrix(angle: number, saturation: number): number[] {
  const [cos, sin] = [saturation * Math.cos(angle), saturation * Math.sin(angle)]
  const [red, green, blue] = LUMA
  const luma = [red, green, blue]
  // u = B − Y and v = R − Y as rows over R, G, B.
  const u = [-red, -green, 1 - blue]
  const v = [1 - red, -green, -blue]
  const rotatedU = u.map((value, i) => cos * value - sin * v[i])
  const rotatedV = v.map((value, i) => cos * value + sin * u[i])
  const outRed = luma.map((value, i) => value + rotatedV[i])
  const outBlue = luma.map((value, i) => value + rotatedU[i])
  const outGreen = luma.map((value, i) => (value - red * outRed[i] - blue * outBlue[i]) / green)
  return [...outRed, ...outGreen, ...outBlue]
}

/** Changes the colours of `count` pixels of `image`, from index `from` on, in place. */
export function changeColours(
  image: Float32Array,
  { matrix: [rr, rg, rb, gr, gg, gb, br, bg, bb], offset }: ColourChange,
  from = 0,
  count = image.length / 3,
): void {
  const cut = (value: number): number => Math.max(-1, Math.min(1, value))
  for (let at = from, end = from + 3 * count; at < end; at += 3) {
    const [red, green, blue] = [image[at], image[at + 1], image[at + 2]]
    image[at] = cut(rr * red + rg * green + rb * blue + offset)
    image[at + 1] = cut(gr * red + gg * green + gb * blue + offset)
    image[at + 2] = cut(br * red + bg * green + bb * blue + offset)
  }
}
