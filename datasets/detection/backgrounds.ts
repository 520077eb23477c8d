/** Backgrounds of training scenes: land, rooms, lights out of focus, cloth, wood, walls, and the flat ones. */
import { between, type Canvas, paintBackground, type Random, type Rgb } from '../emoji/compose.js'
import { fractalNoise } from './noise.js'
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

/** A sky with clouds, hills one behind the other, and ground that comes nearer. */
const paintLand: Painter = (canvas, random) => {
  const { size } = canvas
  const horizon = size * between(random, 0.25, 0.65)
  const sky = tones(random, 'sky', 'sky', 'dusk', 'overcast')
  const skyRamp = ramp(sky)
  const clouds = fractalNoise(size, random, { cells: [3, between(random, 5, 9)], octaves: 5 })
  const cloudiness = between(random, 0.4, 0.8)
  const white = lerp(sky[2], [255, 255, 255], 0.6)
  for (let i = 0; i < size * size; i++) {
    const y = Math.floor(i / size)
    if (y > horizon + 1) break
    setByRamp(canvas, i, skyRamp, y / horizon, 1)
    blend(canvas, i, white, 0.9 * smoothstep(cloudiness, cloudiness + 0.3, clouds[i]))
  }
  const ground = tones(random, 'grass', 'grass', 'earth', 'sand', 'snow')
  const texture = fractalNoise(size, random, { cells: [6, 6], octaves: 5, gain: 0.65 })
  const hills = 1 + Math.floor(random() * 3)
  for (let hill = hills; hill > 0; hill--) {
    const outline = fractalNoise(size, random, { cells: [between(random, 1.5, 4), 1], octaves: 5 })
    const height = size * between(random, 0.05, 0.2)
    const haze = hill / (hills + 1)
    const hillRamp = ramp([ground[0], ground[1]].map((tone) => lerp(tone, sky[2], 0.75 * haze)))
    for (let x = 0; x < size; x++) {
      const top = Math.max(0, Math.floor(horizon - height * haze * outline[x] - 2))
      for (let y = top; y < horizon; y++) {
        const i = y * size + x
        setByRamp(canvas, i, hillRamp, texture[i], 1)
      }
    }
  }
  const groundRamp = ramp(ground)
  const depth = (size - horizon) * 0.3
  for (let y = Math.ceil(horizon); y < size; y++) {
    // What is nearer looks larger: rows of the texture are farther apart at the bottom.
    const row = Math.floor(size * (0.999 - depth / (y - horizon + depth + 1)))
    const scale = 0.35 + (0.65 * (y - horizon)) / (size - horizon)
    for (let x = 0; x < size; x++) {
      const column = Math.floor(size / 2 + ((x - size / 2) / scale) * 0.35)
      setByRamp(canvas, y * size + x, groundRamp, texture[row * size + column], 0.8 + 0.2 * scale)
    }
  }
}

/** Lights far behind what the lens is set to. */
const paintBokeh: Painter = (canvas, random) => {
  const { size } = canvas
  const ground = anyTones(random)
  const dark = between(random, 0.25, 0.8)
  const clouds = fractalNoise(size, random, { cells: [2, 2], octaves: 2 })
  paintRamp(canvas, clouds, ramp(ground.map((tone) => lerp([0, 0, 0], tone, dark))))
  const hue = anyTones(random)[2]
  for (let light = 12 + Math.floor(random() * 30); light > 0; light--) {
    const radius = size * between(random, 0.02, 0.12)
    const colour = lerp(hue, anyTones(random)[2], random())
    paintDisc(canvas, random() * size, random() * size, radius, colour, between(random, 0.1, 0.55))
  }
}

/** A disc with a soft edge and a brighter rim. */
function paintDisc(canvas: Canvas, cx: number, cy: number, radius: number, colour: Rgb, share: number): void {
  const { size } = canvas
  const soft = 1 + radius * 0.12
  const on = (v: number) => Math.min(size, Math.max(0, Math.floor(v)))
  for (let y = on(cy - radius - soft); y < on(cy + radius + soft + 1); y++) {
    for (let x = on(cx - radius - soft); x < on(cx + radius + soft + 1); x++) {
      const distance = Math.hypot(x - cx, y - cy)
      const edge = 1 - smoothstep(radius - soft, radius + soft, distance)
      blend(canvas, y * size + x, colour, share * edge * (0.75 + 0.25 * smoothstep(0, radius, distance)))
    }
  }
}

/** Woven cloth: threads, checks or stripes of two or three colours, and folds. */
const paintCloth: Painter = (canvas, random) => {
  const { size, rgb } = canvas
  const angle = between(random, -0.6, 0.6)
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)]
  const thread = size / between(random, 40, 90)
  const period = size * between(random, 0.12, 0.5)
  const bands = stripes(random)
  const checked = random() < 0.7
  const place = (along: number) => Math.floor((along / period - Math.floor(along / period)) * BAND_STEPS) * 3
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const [u, v] = [x * cos + y * sin, y * cos - x * sin]
      const [a, b] = [u / thread, v / thread]
      const inThread = (Math.floor(a) + Math.floor(b)) % 2 === 0 ? a - Math.floor(a) : b - Math.floor(b)
      const round = 0.8 + 0.8 * inThread * (1 - inThread)
      const [first, second] = [place(u), checked ? place(v) : place(u)]
      for (let c = 0; c < 3; c++)
        rgb[(y * size + x) * 3 + c] = 0.5 * (bands[first + c] + bands[second + c]) * round
    }
  }
  const folds = fractalNoise(size, random, {
    cells: [between(random, 1, 4), between(random, 1, 4)],
    octaves: 2,
  })
  shade(canvas, folds, 0.7, 1.15)
  relief(canvas, folds, { angle: random() * 2 * Math.PI, strength: between(random, 2, 8) })
}

const BAND_STEPS = 512

/** The colours along one period of a pattern of stripes, as a table. */
function stripes(random: Random): Float32Array {
  const colours = [anyTones(random)[1], anyTones(random)[1], anyTones(random)[2]]
  const table = new Float32Array(BAND_STEPS * 3)
  for (let step = 0; step < BAND_STEPS; step++) table.set(colours[0], step * 3)
  for (let band = 3 + Math.floor(random() * 4); band > 0; band--) {
    const from = Math.floor(random() * BAND_STEPS)
    const end = from + BAND_STEPS * between(random, 0.04, 0.3)
    const colour = colours[Math.floor(random() * 3)]
    for (let step = from; step < Math.min(end, BAND_STEPS); step++) table.set(colour, step * 3)
  }
  return table
}

/** Boards with grain, side by side. */
const paintBoards: Painter = (canvas, random) => {
  const { size } = canvas
  const upright = random() < 0.5
  const width = size * between(random, 0.12, 0.4)
  const grainRamp = ramp(tones(random, 'wood', 'wood', 'earth', 'sand', 'stone'))
  const cells: [number, number] = [between(random, 6, 12), between(random, 0.6, 1.5)]
  const grain = fractalNoise(size, random, { cells, octaves: 5, gain: 0.6 })
  const rings = between(random, 2, 7)
  const boards = Array.from({ length: Math.ceil(size / width) + 1 }, () => ({
    ...{ shift: Math.floor(random() * size), light: between(random, 0.82, 1.1) },
  }))
  const offset = random() * width
  for (let i = 0; i < size * size; i++) {
    const [x, y] = [i % size, Math.floor(i / size)]
    const [across, along] = upright ? [x, y] : [y, x]
    const board = Math.floor((across + offset) / width)
    const { shift, light } = boards[board]
    const value = grain[((along + shift) % size) * size + ((across + 3 * shift) % size)]
    const ring = value * rings - Math.floor(value * rings)
    const seam = across + offset - board * width < 1.5 ? 0.45 : 1
    setByRamp(canvas, i, grainRamp, 0.75 * value + 0.25 * Math.abs(2 * ring - 1), light * seam)
  }
}

/** Bricks or tiles in mortar. */
const paintWall: Painter = (canvas, random) => {
  const { size } = canvas
  const bricks = random() < 0.6
  const height = size * (bricks ? between(random, 0.05, 0.12) : between(random, 0.1, 0.3))
  const width = height * (bricks ? between(random, 2, 3) : 1)
  const joint = Math.max(1, height * between(random, 0.05, 0.14))
  const colours = ramp(bricks ? tones(random, 'clay', 'clay', 'stone', 'sand') : anyTones(random))
  const mortar = tones(random, 'stone', 'sand', 'snow')[1]
  const texture = fractalNoise(size, random, { cells: [10, 10], octaves: 4, gain: 0.7 })
  const columns = Math.ceil(size / width) + 2
  const values = Float32Array.from({ length: columns * (Math.ceil(size / height) + 2) }, random)
  const variety = bricks ? between(random, 0.2, 0.6) : between(random, 0, 0.35)
  const [shiftX, shiftY] = [random() * width, random() * height]
  const depth = new Float32Array(size * size)
  for (let y = 0; y < size; y++) {
    const row = Math.floor((y + shiftY) / height)
    const inRow = y + shiftY - row * height
    const half = bricks && row % 2 === 1 ? width / 2 : 0
    for (let x = 0; x < size; x++) {
      const i = y * size + x
      const column = Math.floor((x + shiftX + half) / width)
      const inBrick = x + shiftX + half - column * width
      if (inRow < joint || inBrick < joint) {
        canvas.rgb.set(lerp([0, 0, 0], mortar, 0.75 + 0.3 * texture[i]), i * 3)
        continue
      }
      depth[i] = 0.15 + 0.15 * texture[i]
      const value = 0.5 + variety * (values[row * columns + column] - 0.5) + 0.35 * (texture[i] - 0.5)
      setByRamp(canvas, i, colours, value, 1)
    }
  }
  relief(canvas, depth, { angle: random() * 2 * Math.PI, strength: between(random, 0.4, 1.6) })
  shade(canvas, slant(size, random() * 2 * Math.PI), between(random, 0.6, 0.95), 1.1)
}

/** A wall, lit from somewhere, and a floor. */
const paintRoom: Painter = (canvas, random) => {
  const { size } = canvas
  const edge = size * between(random, 0.5, 0.85)
  const wall = ramp(random() < 0.5 ? anyTones(random) : tones(random, 'sand', 'snow', 'stone'))
  const floor = ramp(tones(random, 'wood', 'stone', 'sand', 'clay'))
  const [lightX, lightY, spread] = [random() * size, random() * edge, size * between(random, 0.4, 1)]
  const plaster = fractalNoise(size, random, { cells: [8, 8], octaves: 4, gain: 0.7 })
  const grain = fractalNoise(size, random, { cells: [2, 18], octaves: 4 })
  const board = size * between(random, 0.03, 0.1)
  const skirting = size * between(random, 0.01, 0.03)
  for (let i = 0; i < size * size; i++) {
    const [x, y] = [i % size, Math.floor(i / size)]
    const distance = Math.hypot(x - lightX, y - lightY) / spread
    const light = 0.65 + 0.5 / (1 + distance * distance)
    if (y < edge - skirting) setByRamp(canvas, i, wall, 0.45 + 0.15 * (plaster[i] - 0.5), light)
    else if (y < edge) setByRamp(canvas, i, wall, 0.95, light * (y > edge - 1.5 ? 0.6 : 1))
    else {
      const across = (x - size / 2) / (0.4 + (y - edge) / size)
      const seam = across / board - Math.floor(across / board) < 0.06 ? 0.75 : 1
      setByRamp(canvas, i, floor, 0.25 + 0.5 * grain[i], light * seam)
    }
  }
}

/** By name, each as likely as any other. */
export const trainBackgrounds: Record<string, Painter> = {
  land: paintLand,
  bokeh: paintBokeh,
  cloth: paintCloth,
  boards: paintBoards,
  wall: paintWall,
  room: paintRoom,
  flat: (canvas: Canvas, random: Random) => paintBackground(canvas, random),
}
