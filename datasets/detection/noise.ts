/** Random fields, the stuff that painted textures are made of: smooth noise at several scales. */
import type { Random } from '../emoji/compose.js'

export interface NoiseOptions {
  /** Waves of the coarsest layer along x and y: few make large shapes; unequal ones stretch them. */
  cells: [across: number, down: number]
  /** Layers, each twice as fine as the one before; those finer than two pixels are left out. */
  octaves: number
  /** What a layer weighs, against the one before. Default 0.5. */
  gain?: number
  /** `ridged` turns the middle of each layer's range into sharp crests. */
  form?: 'smooth' | 'ridged'
}

/** A field of size × size values in [0, 1], which it reaches (fractal value noise). */
export function fractalNoise(size: number, random: Random, options: NoiseOptions): Float32Array {
  const { cells, octaves, gain = 0.5, form = 'smooth' } = options
  const field = new Float32Array(size * size)
  let [weight, across, down] = [1, ...cells]
  for (let octave = 0; octave < octaves && Math.max(across, down) * 2 <= size; octave++) {
    addLayer(field, size, random, { across, down, weight, ridged: form === 'ridged' })
    weight *= gain
    across *= 2
    down *= 2
  }
  return normalise(field)
}

function addLayer(
  field: Float32Array,
  size: number,
  random: Random,
  { across, down, weight, ridged }: { across: number; down: number; weight: number; ridged: boolean },
): void {
  const columns = Math.ceil(across) + 2
  const lattice = Float32Array.from({ length: columns * (Math.ceil(down) + 2) }, random)
  const [shiftX, shiftY] = [random(), random()]
  const cell = new Int32Array(size)
  const part = new Float32Array(size)
  for (let x = 0; x < size; x++) {
    const at = (x / size) * across + shiftX
    cell[x] = Math.floor(at)
    part[x] = smooth(at - cell[x])
  }
  const line = new Float32Array(columns)
  for (let y = 0; y < size; y++) {
    const at = (y / size) * down + shiftY
    const upper = Math.floor(at)
    const share = smooth(at - upper)
    for (let i = 0; i < columns; i++) {
      const above = lattice[upper * columns + i]
      line[i] = above + (lattice[(upper + 1) * columns + i] - above) * share
    }
    for (let x = 0; x < size; x++) {
      const i = cell[x]
      const value = line[i] + (line[i + 1] - line[i]) * part[x]
      field[y * size + x] += weight * (ridged ? 1 - Math.abs(2 * value - 1) : value)
    }
  }
}

const smooth = (t: number): number => t * t * (3 - 2 * t)

function normalise(field: Float32Array): Float32Array {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const value of field) {
    if (value < least) least = value
    if (value > most) most = value
  }
  const scale = most > least ? 1 / (most - least) : 0
  for (let i = 0; i < field.length; i++) field[i] = (field[i] - least) * scale
  return field
}

/** `field` looked up at places moved by up to `reach` pixels, along x by `byX` and along y by `byY`. */
export function warp(
  field: Float32Array,
  size: number,
  { byX, byY, reach }: { byX: Float32Array; byY: Float32Array; reach: number },
): Float32Array {
  const moved = new Float32Array(size * size)
  const inside = (v: number) => (v < 0 ? 0 : v >= size ? size - 1 : Math.floor(v))
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const i = y * size + x
      moved[i] = field[inside(y + (2 * byY[i] - 1) * reach) * size + inside(x + (2 * byX[i] - 1) * reach)]
    }
  }
  return moved
}
