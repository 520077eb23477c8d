/** Backgrounds of test scenes, of kinds that training never sees: marble, grass, pebbles, water, cast shadows. */
import { between, type Canvas, type Rgb } from '../emoji/compose.js'
import { fractalNoise, warp } from './noise.js'
import {
  anyTones,
  blend,
  lerp,
  type Painter,
  paintRamp,
  ramp,
  relief,
  setByRamp,
  shade,
  slant,
  smoothstep,
  tones,
} from './paint.js'

/** Swirled stone with veins. */
const paintMarble: Painter = (canvas, random) => {
  const { size } = canvas
  const cells: [number, number] = [between(random, 1.5, 4), between(random, 1.5, 4)]
  const byX = fractalNoise(size, random, { cells: [3, 3], octaves: 4 })
  const byY = fractalNoise(size, random, { cells: [3, 3], octaves: 4 })
  const reach = size * between(random, 0.1, 0.35)
  const ground = warp(fractalNoise(size, random, { cells, octaves: 5 }), size, { byX, byY, reach })
  paintRamp(canvas, ground, ramp(random() < 0.5 ? anyTones(random) : tones(random, 'stone', 'snow', 'clay')))
  const veins = warp(fractalNoise(size, random, { cells, octaves: 3, form: 'ridged' }), size, {
    byX,
    byY,
    reach,
  })
  const vein = anyTones(random)[Math.floor(random() * 3)]
  for (let i = 0; i < size * size; i++) blend(canvas, i, vein, 0.7 * smoothstep(0.78, 0.98, veins[i]))
}

/**
 * Grass, straw or fur: blades one over the other, those above lighter. (No leaves, which would be plants that the
 * annotations do not name.)
 */
const paintGrass: Painter = (canvas, random) => {
  const { size, rgb } = canvas
  const colours = tones(random, 'grass', 'grass', 'earth', 'sand', 'clay')
  for (let i = 0; i < rgb.length; i++) rgb[i] = colours[0][i % 3] * 0.5
  const slender = between(random, 0.04, 0.12)
  const length = size * between(random, 0.08, 0.35)
  const lean = between(random, -0.5, 0.5) - Math.PI / 2
  const spread = between(random, 0.15, 0.7)
  const count = Math.ceil((2.2 * size * size) / (length * length * slender))
  for (let blade = 0; blade < count; blade++) {
    const colour = lerp(colours[0], lerp(colours[1], colours[2], random()), 0.25 + (0.75 * blade) / count)
    const angle = lean + spread * (2 * random() - 1)
    paintBlade(canvas, random() * size, random() * size, {
      ...{ length: length * between(random, 0.7, 1.3), slender, angle, colour },
    })
  }
}

/** An ellipse with pointed ends, one half lighter than the other. */
function paintBlade(
  canvas: Canvas,
  cx: number,
  cy: number,
  { length, slender, angle, colour }: { length: number; slender: number; angle: number; colour: Rgb },
): void {
  const { size, rgb } = canvas
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)]
  const half = length / 2
  const [reachX, reachY] = [
    half * (Math.abs(cos) + slender * Math.abs(sin)),
    half * (Math.abs(sin) + slender * Math.abs(cos)),
  ]
  const on = (v: number) => Math.min(size, Math.max(0, Math.floor(v)))
  for (let y = on(cy - reachY); y < on(cy + reachY + 1); y++) {
    for (let x = on(cx - reachX); x < on(cx + reachX + 1); x++) {
      const along = ((x - cx) * cos + (y - cy) * sin) / half
      const across = ((y - cy) * cos - (x - cx) * sin) / (half * slender)
      const wide = 1 - along * along
      if (Math.abs(across) > wide) continue
      const light = (across > 0 ? 1 : 0.82) * (0.8 + 0.25 * wide) * (Math.abs(across) < 0.12 ? 1.15 : 1)
      const at = (y * size + x) * 3
      for (let c = 0; c < 3; c++) rgb[at + c] = colour[c] * light
    }
  }
}

/** Rounded stones of many sizes (Voronoi cells of scattered points). */
const paintPebbles: Painter = (canvas, random) => {
  const { size } = canvas
  const cell = size * between(random, 0.06, 0.2)
  const columns = Math.ceil(size / cell) + 4
  const points = Array.from({ length: columns * columns }, (_, i) => ({
    x: ((i % columns) - 2 + random()) * cell,
    y: (Math.floor(i / columns) - 2 + random()) * cell,
    tone: random(),
    light: between(random, 0.8, 1.1),
  }))
  const colours = ramp(random() < 0.8 ? tones(random, 'stone', 'sand', 'earth') : anyTones(random))
  const texture = fractalNoise(size, random, { cells: [12, 12], octaves: 4, gain: 0.7 })
  const height = new Float32Array(size * size)
  for (let i = 0; i < size * size; i++) {
    const [x, y] = [i % size, Math.floor(i / size)]
    const first = (Math.floor(y / cell) + 1) * columns + Math.floor(x / cell) + 1
    let [nearest, second, stone] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, first]
    for (let k = 0; k < 9; k++) {
      const candidate = first + Math.floor(k / 3) * columns + (k % 3)
      const [dx, dy] = [points[candidate].x - x, points[candidate].y - y]
      const distance = dx * dx + dy * dy
      if (distance < nearest) {
        second = nearest
        nearest = distance
        stone = candidate
      } else if (distance < second) second = distance
    }
    // From 0 in the gap between two stones to 1 well inside one.
    const inside = smoothstep(0, 0.55, (Math.sqrt(second) - Math.sqrt(nearest)) / cell)
    height[i] = inside
    const { tone, light } = points[stone]
    setByRamp(canvas, i, colours, 0.7 * tone + 0.3 * texture[i], light * (0.35 + 0.65 * inside))
  }
  relief(canvas, height, { angle: random() * 2 * Math.PI, strength: between(random, 0.8, 2) })
}

/** Water with ripples that are finer in the distance. */
const paintWater: Painter = (canvas, random) => {
  const { size } = canvas
  const cells: [number, number] = [between(random, 3, 6), between(random, 7, 16)]
  const ripples = fractalNoise(size, random, { cells, octaves: 4, form: 'ridged' })
  const swell = fractalNoise(size, random, { cells: [2, 3], octaves: 2 })
  const colours = ramp([...tones(random, 'water', 'water', 'sky', 'dusk'), [235, 240, 240]])
  const far = between(random, 0.3, 1)
  for (let i = 0; i < size * size; i++) {
    const y = Math.floor(i / size)
    const row = Math.floor((size - 1) * (y / size) ** far)
    const crest = ripples[row * size + (i % size)]
    const value = 0.25 * swell[i] + 0.35 * crest + 0.4 * smoothstep(0.8, 1, crest)
    setByRamp(canvas, i, colours, value, 0.85 + (0.25 * y) / size)
  }
}

/** Plaster with the shadows of a window's bars, of a blind or of branches. */
const paintShadows: Painter = (canvas, random) => {
  const { size } = canvas
  const plaster = fractalNoise(size, random, { cells: [9, 9], octaves: 5, gain: 0.75 })
  paintRamp(canvas, slant(size, random() * 2 * Math.PI), ramp(anyTones(random)))
  shade(canvas, plaster, 0.92, 1.06)
  const angle = random() * Math.PI
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)]
  const period = size * between(random, 0.08, 0.45)
  const bar = between(random, 0.2, 0.6)
  const soft = between(random, 0.03, 0.15)
  const crossed = random() < 0.4
  const bend = fractalNoise(size, random, { cells: [2, 2], octaves: 3 })
  const bent = random() < 0.5 ? period * between(random, 0.5, 2) : 0
  const depth = between(random, 0.45, 0.75)
  const inShadow = (along: number): number => {
    const place = Math.abs(2 * (along / period - Math.floor(along / period)) - 1)
    return 1 - smoothstep(bar - soft, bar + soft, place)
  }
  const shadow = Float32Array.from(bend, (value, i) => {
    const [x, y] = [i % size, Math.floor(i / size)]
    const first = inShadow(x * cos + y * sin + bent * value)
    return crossed ? Math.max(first, inShadow(y * cos - x * sin + bent * value)) : first
  })
  shade(canvas, shadow, 1.1, depth)
  relief(canvas, plaster, { angle, strength: between(random, 0.3, 1) })
}

/** By name, each as likely as any other. */
export const testBackgrounds: Record<string, Painter> = {
  marble: paintMarble,
  grass: paintGrass,
  pebbles: paintPebbles,
  water: paintWater,
  shadows: paintShadows,
}
