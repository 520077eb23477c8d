/** Pixel work of the embedded data set: backgrounds, and drawings placed on them. All randomness comes in as a stream. */
import type { Artwork } from './artwork.js'

/** A float32 RGB canvas, height × width × 3, values in [0, 255]. */
export interface Canvas {
  size: number
  rgb: Float32Array
}

/** Where a drawing lies on the canvas. */
export interface Placement {
  /** Centre of the drawing's visible box, in canvas pixels. */
  x: number
  y: number
  /** Length of the visible box's longer side, in canvas pixels. */
  extent: number
  /** Clockwise, in radians. */
  angle: number
  mirrored: boolean
}

type Random = () => number
type Rgb = [number, number, number]

const between = (random: Random, low: number, high: number) => low + (high - low) * random()

/** Any hue, muted, from dark to light. */
function randomColour(random: Random): Rgb {
  const [hue, saturation, value] = [random() * 6, 0.6 * random(), between(random, 0.2, 1)]
  const channel = (n: number) => {
    const k = (n + hue) % 6
    return 255 * value * (1 - saturation * Math.max(0, Math.min(k, 4 - k, 1)))
  }
  return [channel(5), channel(3), channel(1)]
}

/**
 * A background that tells nothing of the class: one colour, a gradient, soft blobs, stripes or discs,
 * under a little noise.
 */
export function paintBackground(canvas: Canvas, random: Random): void {
  const painters = [paintGradient, paintBlobs, paintStripes, paintDiscs]
  painters[Math.floor(random() * painters.length)](canvas, random)
  const noise = between(random, 0, 12)
  for (let i = 0; i < canvas.rgb.length; i += 3) {
    const grain = noise * (2 * random() - 1)
    for (let c = 0; c < 3; c++) canvas.rgb[i + c] += grain
  }
}

/** Sets each pixel to a mix of `from` and `to` by `share(x, y)` in [0, 1]. */
function mix({ size, rgb }: Canvas, from: Rgb, to: Rgb, share: (x: number, y: number) => number): void {
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const s = share(x, y)
      for (let c = 0; c < 3; c++) rgb[(y * size + x) * 3 + c] = from[c] + (to[c] - from[c]) * s
    }
  }
}

/** A colour beside `base`: drawings should stand out from their background, not drown in it. */
function relatedColour(base: Rgb, random: Random): Rgb {
  const other = randomColour(random)
  const share = 0.5 * random()
  return [0, 1, 2].map((c) => base[c] + (other[c] - base[c]) * share) as Rgb
}

function paintGradient(canvas: Canvas, random: Random): void {
  const from = randomColour(random)
  const to = random() < 0.5 ? from : relatedColour(from, random)
  const angle = random() * 2 * Math.PI
  const [dx, dy] = [Math.cos(angle) / canvas.size, Math.sin(angle) / canvas.size]
  const middle = canvas.size / 2
  mix(canvas, from, to, (x, y) => Math.min(1, Math.max(0, 0.5 + (x - middle) * dx + (y - middle) * dy)))
}

function paintBlobs(canvas: Canvas, random: Random): void {
  const cells = 2 + Math.floor(random() * 4)
  const base = randomColour(random)
  const other = relatedColour(base, random)
  const grid = Float32Array.from({ length: (cells + 1) ** 2 }, random)
  mix(canvas, base, other, (x, y) => {
    const [gx, gy] = [(x / canvas.size) * cells, (y / canvas.size) * cells]
    const [left, top] = [Math.floor(gx), Math.floor(gy)]
    const [fx, fy] = [gx - left, gy - top]
    const at = top * (cells + 1) + left
    const upper = grid[at] * (1 - fx) + grid[at + 1] * fx
    const lower = grid[at + cells + 1] * (1 - fx) + grid[at + cells + 2] * fx
    return upper * (1 - fy) + lower * fy
  })
}

function paintStripes(canvas: Canvas, random: Random): void {
  const angle = random() * Math.PI
  const period = canvas.size / between(random, 1.5, 6)
  const [dx, dy] = [Math.cos(angle) / period, Math.sin(angle) / period]
  const phase = random()
  const base = randomColour(random)
  mix(canvas, base, relatedColour(base, random), (x, y) => {
    const t = x * dx + y * dy + phase
    return t - Math.floor(t) < 0.5 ? 0 : 1
  })
}

function paintDiscs(canvas: Canvas, random: Random): void {
  const ground = randomColour(random)
  mix(canvas, ground, ground, () => 0)
  const { size, rgb } = canvas
  for (let disc = 2 + Math.floor(random() * 4); disc > 0; disc--) {
    const colour = relatedColour(ground, random)
    const [cx, cy, radius] = [random() * size, random() * size, size * between(random, 0.08, 0.35)]
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++) {
        if ((x - cx) ** 2 + (y - cy) ** 2 < radius * radius) rgb.set(colour, (y * size + x) * 3)
      }
    }
  }
}

/** Samples along each side of a canvas pixel: drawings are about twice the canvas, so that 3 leave no jagged edge. */
const samples = 3

/** Draws `artwork` over the canvas. Parts outside the canvas are cut. */
export function drawArtwork(canvas: Canvas, artwork: Artwork, placement: Placement): void {
  const { size, rgb } = canvas
  const { rgba, size: side, box } = artwork
  const [left, top, right, bottom] = box
  const perPixel = Math.max(right - left, bottom - top) / placement.extent
  const [cos, sin] = [Math.cos(placement.angle) * perPixel, Math.sin(placement.angle) * perPixel]
  const [middleX, middleY] = [(left + right) / 2, (top + bottom) / 2]
  const reach = placement.extent * Math.SQRT1_2 + 1
  const clamp = (v: number) => Math.min(size, Math.max(0, Math.floor(v)))
  for (let y = clamp(placement.y - reach); y < clamp(placement.y + reach + 1); y++) {
    for (let x = clamp(placement.x - reach); x < clamp(placement.x + reach + 1); x++) {
      let [red, green, blue, cover] = [0, 0, 0, 0]
      for (let s = 0; s < samples * samples; s++) {
        const dx = x + ((s % samples) + 0.5) / samples - placement.x
        const dy = y + (Math.floor(s / samples) + 0.5) / samples - placement.y
        const along = cos * dx + sin * dy
        const u = Math.floor(middleX + (placement.mirrored ? -along : along))
        const v = Math.floor(middleY - sin * dx + cos * dy)
        if (u < left || v < top || u >= right || v >= bottom) continue
        const at = (v * side + u) * 4
        const alpha = rgba[at + 3] / 255
        red += rgba[at] * alpha
        green += rgba[at + 1] * alpha
        blue += rgba[at + 2] * alpha
        cover += alpha
      }
      if (cover === 0) continue
      const at = (y * size + x) * 3
      const share = 1 / (samples * samples)
      const rest = 1 - cover * share
      rgb[at] = rgb[at] * rest + red * share
      rgb[at + 1] = rgb[at + 1] * rest + green * share
      rgb[at + 2] = rgb[at + 2] * rest + blue * share
    }
  }
}
