/** What painters of backgrounds share: colours, ramps, and the play of light. */
import { between, type Canvas, type Random, type Rgb, randomColour } from '../emoji/compose.js'

export type Painter = (canvas: Canvas, random: Random) => void

/** Colours as they are found together, from dark to light. */
const materials: Record<string, Rgb[]> = {
  sky: [
    [70, 120, 190],
    [130, 175, 225],
    [205, 222, 238],
  ],
  dusk: [
    [70, 60, 110],
    [190, 110, 110],
    [250, 200, 140],
  ],
  overcast: [
    [120, 128, 138],
    [170, 176, 184],
    [220, 222, 224],
  ],
  grass: [
    [35, 60, 20],
    [85, 115, 40],
    [150, 165, 85],
  ],
  earth: [
    [60, 42, 30],
    [120, 88, 60],
    [180, 145, 105],
  ],
  sand: [
    [150, 122, 85],
    [200, 172, 130],
    [235, 215, 180],
  ],
  stone: [
    [70, 70, 68],
    [130, 128, 122],
    [195, 192, 185],
  ],
  wood: [
    [75, 45, 25],
    [140, 92, 55],
    [195, 150, 100],
  ],
  clay: [
    [95, 45, 35],
    [160, 82, 62],
    [205, 140, 112],
  ],
  water: [
    [15, 55, 75],
    [45, 110, 130],
    [150, 195, 200],
  ],
  snow: [
    [150, 165, 185],
    [205, 215, 228],
    [245, 248, 252],
  ],
}

export type Material = keyof typeof materials

/** The three tones of one of `names`, moved a little as light moves them. */
export function tones(random: Random, ...names: Material[]): Rgb[] {
  const gain = between(random, 0.75, 1.15)
  const tint = [0, 1, 2].map(() => between(random, -14, 14))
  return materials[names[Math.floor(random() * names.length)]].map(
    (tone) => tone.map((value, c) => Math.min(255, Math.max(0, value * gain + tint[c]))) as Rgb,
  )
}

/** Three tones of any muted colour. */
export function anyTones(random: Random): Rgb[] {
  const base = randomColour(random)
  const depth = between(random, 0.25, 0.5)
  return [1 - depth, 1, 1 + depth].map((gain) => base.map((value) => Math.min(255, value * gain)) as Rgb)
}

export const lerp = (from: Rgb, to: Rgb, share: number): Rgb =>
  [0, 1, 2].map((c) => from[c] + (to[c] - from[c]) * share) as Rgb

export const clamp01 = (value: number): number => Math.min(1, Math.max(0, value))

/** From 0 at `low` to 1 at `high`, without corners. */
export function smoothstep(low: number, high: number, value: number): number {
  const t = clamp01((value - low) / (high - low))
  return t * t * (3 - 2 * t)
}

const STEPS = 256

/** A table of 256 colours that runs evenly through `stops`. */
export function ramp(stops: readonly Rgb[]): Float32Array {
  const table = new Float32Array(STEPS * 3)
  for (let step = 0; step < STEPS; step++) {
    const at = (step / (STEPS - 1)) * (stops.length - 1)
    const from = Math.min(stops.length - 2, Math.floor(at))
    table.set(lerp(stops[from], stops[from + 1], at - from), step * 3)
  }
  return table
}

/** Colours pixel `i` with the ramp's colour at `value` in [0, 1], times `light`. */
export function setByRamp(
  { rgb }: Canvas,
  i: number,
  table: Float32Array,
  value: number,
  light: number,
): void {
  const at = Math.floor(clamp01(value) * (STEPS - 1)) * 3
  for (let c = 0; c < 3; c++) rgb[3 * i + c] = table[at + c] * light
}

/** Colours every pixel by its value of the field. */
export function paintRamp(canvas: Canvas, field: Float32Array, table: Float32Array): void {
  for (let i = 0; i < field.length; i++) setByRamp(canvas, i, table, field[i], 1)
}

/** Mixes `colour` into pixel `i`. */
export function blend({ rgb }: Canvas, i: number, colour: Rgb, share: number): void {
  for (let c = 0; c < 3; c++) rgb[3 * i + c] += (colour[c] - rgb[3 * i + c]) * share
}

/** Multiplies every pixel by low … high as the field goes from 0 to 1. */
export function shade({ rgb }: Canvas, field: Float32Array, low: number, high: number): void {
  for (let i = 0; i < field.length; i++) {
    const light = low + (high - low) * field[i]
    rgb[3 * i] *= light
    rgb[3 * i + 1] *= light
    rgb[3 * i + 2] *= light
  }
}

/** Lights the canvas from one side as if `height` were its relief; `strength` in brightness per unit of slope. */
export function relief(
  { rgb, size }: Canvas,
  height: Float32Array,
  { angle, strength }: { angle: number; strength: number },
): void {
  const [lightX, lightY] = [Math.cos(angle) * strength, Math.sin(angle) * strength]
  for (let y = 0; y < size; y++) {
    const [above, below] = [y > 0 ? -size : 0, y < size - 1 ? size : 0]
    for (let x = 0; x < size; x++) {
      const i = y * size + x
      const alongX = height[i + (x < size - 1 ? 1 : 0)] - height[i - (x > 0 ? 1 : 0)]
      const slope = alongX * lightX + (height[i + below] - height[i + above]) * lightY
      const light = Math.min(1.5, Math.max(0.5, 1 + slope))
      for (let c = 0; c < 3; c++) rgb[3 * i + c] *= light
    }
  }
}

/** A field from 0 to 1 across the canvas in a direction. */
export function slant(size: number, angle: number): Float32Array {
  const [dx, dy] = [Math.cos(angle), Math.sin(angle)]
  const reach = (Math.abs(dx) + Math.abs(dy)) * size
  const field = new Float32Array(size * size)
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++)
      field[y * size + x] = ((x - size / 2) * dx + (y - size / 2) * dy) / reach + 0.5
  }
  return field
}
