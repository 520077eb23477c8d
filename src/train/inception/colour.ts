/**
 * The colour distortion of Inception's preprocessing in TF-Slim: brightness, saturation, hue and contrast by chance, in
 * one of four orders. Each function changes RGB floats in place as TensorFlow's function of `tf.image` does, values
 * outside of [0, 1] included, which only the end of the distortion clips.
 */

/** A step of the distortion: what it changes, and by how much. */
export interface ColourStep {
  kind: 'brightness' | 'saturation' | 'hue' | 'contrast'
  /** Added (brightness), or a factor (saturation, contrast), or a turn of the colour circle (hue: 1 is all of it). */
  amount: number
}

/** TF-Slim's four orders. */
const ORDERS: ColourStep['kind'][][] = [
  ['brightness', 'saturation', 'hue', 'contrast'],
  ['saturation', 'brightness', 'contrast', 'hue'],
  ['contrast', 'hue', 'brightness', 'saturation'],
  ['hue', 'saturation', 'contrast', 'brightness'],
]

/** Lowest and highest amount. */
const RANGES: Record<ColourStep['kind'], [number, number]> = {
  brightness: [-32 / 255, 32 / 255],
  saturation: [0.5, 1.5],
  hue: [-0.2, 0.2],
  contrast: [0.5, 1.5],
}

/** Draws a distortion: an order, and the amounts. It always draws five numbers. */
export function drawColourSteps(uniform: () => number): ColourStep[] {
  return ORDERS[Math.floor(uniform() * ORDERS.length)].map((kind) => {
    const [low, high] = RANGES[kind]
    return { kind, amount: low + uniform() * (high - low) }
  })
}

/** Floats [start, end) of an array: RGB after RGB. */
export interface Span {
  values: Float32Array
  start: number
  end: number
}

/** Carries out one step. */
export function changeColour(span: Span, { kind, amount }: ColourStep): void {
  CHANGES[kind](span, amount)
}

/** Adds `delta`. */
function brighten({ values, start, end }: Span, delta: number): void {
  for (let i = start; i < end; i++) values[i] += delta
}

/** Multiplies the distance of each channel to its mean over the image. */
function contrast({ values, start, end }: Span, factor: number): void {
  let red = 0
  let green = 0
  let blue = 0
  for (let i = start; i < end; i += 3) {
    red += values[i]
    green += values[i + 1]
    blue += values[i + 2]
  }
  const rest = (1 - factor) / ((end - start) / 3)
  red *= rest
  green *= rest
  blue *= rest
  for (let i = start; i < end; i += 3) {
    values[i] = values[i] * factor + red
    values[i + 1] = values[i + 1] * factor + green
    values[i + 2] = values[i + 2] * factor + blue
  }
}

/**
 * Multiplies the saturation S of HSV, up to 1, and keeps hue and value. With V the largest channel, each channel c is
 * V − V·S·g with a g that depends on the hue alone, so that the distances V − c are scaled as S is.
 */
function saturate({ values, start, end }: Span, factor: number): void {
  for (let i = start; i < end; i += 3) {
    const red = values[i]
    const green = values[i + 1]
    const blue = values[i + 2]
    const high = Math.max(red, green, blue)
    const low = Math.min(red, green, blue)
    if (high <= 0) {
      // Of such colours TensorFlow takes the saturation for 0.
      values[i] = values[i + 1] = values[i + 2] = high
      continue
    }
    const range = high - low
    const scale = range * factor > high ? high / range : factor
    values[i] = high - (high - red) * scale
    values[i + 1] = high - (high - green) * scale
    values[i + 2] = high - (high - blue) * scale
  }
}

/** Turns the hue of HSV by `turn` and keeps the largest and the smallest channel. */
function turnHue({ values, start, end }: Span, turn: number): void {
  const shift = 6 * (turn - Math.floor(turn))
  for (let i = start; i < end; i += 3) {
    const red = values[i]
    const green = values[i + 1]
    const blue = values[i + 2]
    const high = Math.max(red, green, blue)
    const low = Math.min(red, green, blue)
    const range = high - low
    if (range <= 0) continue
    // The hue in sixths of the circle, from 0 (red) over 2 (green) and 4 (blue) to 6.
    let hue =
      high === red
        ? (green - blue) / range
        : high === green
          ? 2 + (blue - red) / range
          : 4 + (red - green) / range
    hue += shift
    if (hue < 0) hue += 6
    else if (hue >= 6) hue -= 6
    const sixth = hue | 0
    const rest = hue - sixth
    // The channel between the largest and the smallest: it rises in even sixths and falls in odd ones.
    const middle = low + range * ((sixth & 1) === 0 ? rest : 1 - rest)
    values[i] = sixth === 0 || sixth === 5 ? high : sixth === 1 || sixth === 4 ? middle : low
    values[i + 1] = sixth === 1 || sixth === 2 ? high : sixth === 0 || sixth === 3 ? middle : low
    values[i + 2] = sixth === 3 || sixth === 4 ? high : sixth === 2 || sixth === 5 ? middle : low
  }
}

const CHANGES: Record<ColourStep['kind'], (span: Span, amount: number) => void> = {
  brightness: brighten,
  saturation: saturate,
  hue: turnHue,
  contrast,
}
