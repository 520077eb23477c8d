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

export type Random = () => number
export type Rgb = [number, number, number]

/** A number from `low` to `high`. */
export const between = (random: Random, low: number, high: number) => low + (high - low) * random()

/** Any hue, muted, from dark to light. */
export function randomColour(random: Random): Rgb {
  const [hue, saturation, value] = [random() * 6, 0.6 * random(), between(random, 0.2, 1)]
  const channel = (n: number) => {
    const k = (n + hue) % 6
    return 255 * value * (1 - saturation * Math.max(0, Math.min(k, 4 - k, 1)))
  }
  return [channel(5), channel(3), channel(1)]
}

/**
 * A background that is independent of the class: one colour, a gradient, soft blobs, stripes or discs,
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
export function relatedColour(base: Rgb, random: Random): Rgb {
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

/** A drawing as it lies on a grid of pixels, not yet on a ground. */
export interface Patch {
  /** Of the grid's pixels: the first column and row. */
  left: number
  top: number
  width: number
  height: number
  /** height × width × 3: RGB in [0, 255] times `cover`. */
  colour: Float32Array
  /** height × width: how much of each pixel the drawing covers. */
  cover: Float32Array
  /** The `cover` of a pixel that nothing shines through. */
  fullCover: number
}

/** Samples along each side of a canvas pixel: drawings are about twice the canvas, so that 3 leave no jagged edge. */
const SAMPLES = 3

/** Draws `artwork` over the canvas. Parts outside the canvas are cut. */
export function drawArtwork(canvas: Canvas, artwork: Artwork, placement: Placement): void {
  const { size, rgb } = canvas
  const { left, top, width, colour, cover } = placeArtwork(artwork, placement, { canvasSize: size })
  const share = 1 / SAMPLES ** 2
  for (let i = 0; i < cover.length; i++) {
    if (cover[i] === 0) continue
    const at = ((top + Math.floor(i / width)) * size + left + (i % width)) * 3
    const rest = 1 - (cover[i] * share) / 255
    for (let c = 0; c < 3; c++) rgb[at + c] = rgb[at + c] * rest + (colour[3 * i + c] * share) / 255
  }
}

/**
 * The pixels that `artwork` takes up, cut at the edges of a canvas of `canvasSize`, if that is given. Drawings that
 * are not made much smaller need fewer `samples` along each side of a pixel.
 */
export function placeArtwork(
  artwork: Artwork,
  placement: Placement,
  { canvasSize, samples = SAMPLES }: { canvasSize?: number; samples?: number } = {},
): Patch {
  const { rgba, size: side, box } = artwork
  const [left, top, right, bottom] = box
  const { x: centreX, y: centreY, extent, angle } = placement
  const perPixel = Math.max(right - left, bottom - top) / extent
  const across = placement.mirrored ? -perPixel : perPixel
  // A step of one canvas pixel to the right moves (ux, vx) in the drawing, one downwards (uy, vy).
  const [ux, uy] = [across * Math.cos(angle), across * Math.sin(angle)]
  const [vx, vy] = [-perPixel * Math.sin(angle), perPixel * Math.cos(angle)]
  const offsets = sampleOffsets(samples)
  const stepU = offsets.map(([dx, dy]) => ux * dx + uy * dy + (left + right) / 2)
  const stepV = offsets.map(([dx, dy]) => vx * dx + vy * dy + (top + bottom) / 2)
  // Half the sides of the box around the turned drawing.
  const [cos, sin] = [Math.abs(ux) / perPixel, Math.abs(vx) / perPixel]
  const reachX = ((right - left) * cos + (bottom - top) * sin) / (2 * perPixel) + 1
  const reachY = ((right - left) * sin + (bottom - top) * cos) / (2 * perPixel) + 1
  const onCanvas = (v: number) =>
    canvasSize === undefined ? Math.floor(v) : Math.min(canvasSize, Math.max(0, Math.floor(v)))
  const [firstX, endX] = [onCanvas(centreX - reachX), onCanvas(centreX + reachX + 1)]
  const [firstY, endY] = [onCanvas(centreY - reachY), onCanvas(centreY + reachY + 1)]
  const [width, height] = [endX - firstX, endY - firstY]
  const patch: Patch = {
    ...{ left: firstX, top: firstY, width, height },
    colour: new Float32Array(width * height * 3),
    cover: new Float32Array(width * height),
    fullCover: samples * samples * 255,
  }
  for (let i = 0; i < width * height; i++) {
    const dx = firstX + (i % width) - centreX
    const dy = firstY + Math.floor(i / width) - centreY
    let red = 0
    let green = 0
    let blue = 0
    let cover = 0
    for (let s = 0; s < stepU.length; s++) {
      const u = Math.floor(ux * dx + uy * dy + stepU[s])
      const v = Math.floor(vx * dx + vy * dy + stepV[s])
      if (u < left || v < top || u >= right || v >= bottom) continue
      const at = (v * side + u) * 4
      const alpha = rgba[at + 3]
      red += rgba[at] * alpha
      green += rgba[at + 1] * alpha
      blue += rgba[at + 2] * alpha
      cover += alpha
    }
    patch.cover[i] = cover
    patch.colour[3 * i] = red
    patch.colour[3 * i + 1] = green
    patch.colour[3 * i + 2] = blue
  }
  return patch
}

/** Where the samples lie in a canvas pixel: the middles of its parts. */
function sampleOffsets(samples: number): [dx: number, dy: number][] {
  return Array.from({ length: samples * samples }, (_, s) => [
    ((s % samples) + 0.5) / samples,
    (Math.floor(s / samples) + 0.5) / samples,
  ])
}
