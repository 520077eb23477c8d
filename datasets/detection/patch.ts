/** Objects as patches of pixels: their colours, their shadows, and the pixels that are theirs. */
import type { Canvas, Patch } from '../emoji/compose.js'

/** The pixels of a scene that belong to an object. */
export interface Footprint {
  /** Those on the canvas, as y × size + x, each once. */
  pixels: number[]
  /** How many there are with those outside the canvas. */
  fullArea: number
}

/** A pixel belongs to an object that covers at least half of it. */
const HALF = 128 / 255

export function footprintOf(patches: readonly Patch[], size: number): Footprint {
  const taken = new Uint8Array(size * size)
  const pixels: number[] = []
  let outside = 0
  for (const { left, top, width, cover, fullCover } of patches) {
    const half = HALF * fullCover
    for (let i = 0; i < cover.length; i++) {
      if (cover[i] < half) continue
      const [x, y] = [left + (i % width), top + Math.floor(i / width)]
      if (x < 0 || y < 0 || x >= size || y >= size) outside++
      else if (taken[y * size + x] === 0) {
        taken[y * size + x] = 1
        pixels.push(y * size + x)
      }
    }
  }
  return { pixels, fullArea: pixels.length + outside }
}

/** Changes contrast (a factor around the middle grey) and brightness (in grey levels). */
export function adjustColours({ colour, cover }: Patch, contrast: number, brightness: number): void {
  for (let i = 0; i < cover.length; i++) {
    const added = cover[i] * (128 * (1 - contrast) + brightness)
    for (let c = 0; c < 3; c++) {
      const value = colour[3 * i + c] * contrast + added
      colour[3 * i + c] = Math.min(255 * cover[i], Math.max(0, value))
    }
  }
}

/** Draws the patch over the canvas; what lies outside is cut. */
export function blendPatch({ size, rgb }: Canvas, patch: Patch): void {
  const { left, top, width, colour, cover, fullCover } = patch
  for (let i = 0; i < cover.length; i++) {
    if (cover[i] === 0) continue
    const [x, y] = [left + (i % width), top + Math.floor(i / width)]
    if (x < 0 || y < 0 || x >= size || y >= size) continue
    const at = (y * size + x) * 3
    const rest = 1 - cover[i] / fullCover
    for (let c = 0; c < 3; c++) rgb[at + c] = rgb[at + c] * rest + colour[3 * i + c] / fullCover
  }
}

/** Darkens what lies beside the patch, away from the light, softly. */
export function castShadow(
  { size, rgb }: Canvas,
  patch: Patch,
  { angle, depth }: { angle: number; depth: number },
): void {
  const side = Math.max(patch.width, patch.height)
  const radius = Math.max(1, Math.round(side * 0.04))
  const pad = 2 * radius
  const [width, height] = [patch.width + 2 * pad, patch.height + 2 * pad]
  let shadow = new Float32Array(width * height)
  for (let i = 0; i < patch.cover.length; i++) {
    const [x, y] = [i % patch.width, Math.floor(i / patch.width)]
    shadow[(y + pad) * width + x + pad] = (patch.cover[i] / patch.fullCover) * depth
  }
  shadow = blurAlong(blurAlong(shadow, width, height, radius), height, width, radius)
  const reach = side * 0.07
  const left = patch.left - pad + Math.round(reach * Math.cos(angle))
  const top = patch.top - pad + Math.round(reach * Math.sin(angle))
  for (let y = Math.max(0, -top); y < Math.min(height, size - top); y++) {
    for (let x = Math.max(0, -left); x < Math.min(width, size - left); x++) {
      const light = 1 - shadow[y * width + x]
      const at = ((top + y) * size + left + x) * 3
      for (let c = 0; c < 3; c++) rgb[at + c] *= light
    }
  }
}

/** The mean over 2 × radius + 1 values along each row, and the result turned over: rows become columns. */
function blurAlong(
  field: Float32Array,
  width: number,
  height: number,
  radius: number,
): Float32Array<ArrayBuffer> {
  const turned = new Float32Array(field.length)
  const scale = 1 / (2 * radius + 1)
  for (let y = 0; y < height; y++) {
    let sum = 0
    for (let x = -radius; x < width; x++) {
      if (x + radius < width) sum += field[y * width + x + radius]
      if (x > radius) sum -= field[y * width + x - radius - 1]
      if (x >= 0) turned[x * height + y] = sum * scale
    }
  }
  return turned
}
