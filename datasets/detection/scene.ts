/** One scene: objects over a background, some hiding parts of others, and which pixels of each can be seen. */
import type { Artwork, Drawing } from '../emoji/artwork.js'
import { between, type Canvas, type Patch, placeArtwork, type Random } from '../emoji/compose.js'
import { type Painter, shade, slant } from './paint.js'
import { adjustColours, blendPatch, castShadow, type Footprint, footprintOf } from './patch.js'

export interface SceneObject {
  classId: number
  /** Whether it is a group that is annotated as one region. */
  crowd: boolean
  /** Pixels of it that can be seen. */
  area: number
  /** All its pixels, were it alone and the scene boundless. */
  fullArea: number
  /** The smallest box around what can be seen: x, y, width, height in whole pixels. */
  bbox: [number, number, number, number]
  /** size × size, 1 where it can be seen. */
  mask: Uint8Array
}

export interface Scene {
  canvas: Canvas
  objects: SceneObject[]
}

export interface SceneOptions {
  /** Height and width in pixels. */
  size: number
  /** For each class, the drawings to choose from, and how to get at their pixels. */
  drawings: readonly (readonly Drawing[])[]
  pixels: (drawing: Drawing) => Promise<Artwork>
  backgrounds: readonly Painter[]
}

/** Of an object's pixels, the least share that can be seen. */
export const LEAST_VISIBLE = 0.7
/** Longer sides of objects, of a scene's side: from 40 to 140 pixels of 224. */
export const EXTENTS = [0.18, 0.625] as const
export const MOST_OBJECTS = 6
/** One scene in so many has a crowd, of so many members whose sides are so long. */
const CROWD_EVERY = 12
const CROWD_MEMBERS = [8, 14] as const
const CROWD_EXTENTS = [0.09, 0.17] as const
/** Places that are tried for an object before it is left out. */
const TRIES = 10

/** Composes a scene; every draw from `random` is in a fixed order, so the same stream gives the same scene. */
export async function composeScene(options: SceneOptions, random: Random): Promise<Scene> {
  const { size, drawings, backgrounds } = options
  const canvas: Canvas = { size, rgb: new Float32Array(size * size * 3) }
  backgrounds[Math.floor(random() * backgrounds.length)](canvas, random)
  const ground = new Ground(canvas, random() * 2 * Math.PI)
  const choose = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]
  const draw = async (classId: number, extents: readonly [number, number]): Promise<Patch> => {
    const extent = size * extents[0] * (extents[1] / extents[0]) ** random()
    const angle = (between(random, -20, 20) * Math.PI) / 180
    const placement = { x: 0, y: 0, extent, angle, mirrored: random() < 0.5 }
    const [contrast, brightness] = [between(random, 0.85, 1.12), between(random, -14, 14)]
    const artwork = await options.pixels(choose(drawings[classId]))
    const patch = placeArtwork(artwork, placement, { samples: extent > 0.55 * artwork.size ? 2 : 3 })
    adjustColours(patch, contrast, brightness)
    return patch
  }
  const anyClass = () => Math.floor(random() * drawings.length)

  const count = 1 + Math.floor(random() * MOST_OBJECTS)
  const crowdAt = random() < 1 / CROWD_EVERY ? Math.floor(random() * count) : -1
  const huddled = random() < 0.25
  for (let i = 0; i < count; i++) {
    if (i === crowdAt) {
      const classId = anyClass()
      const members = Math.round(between(random, ...CROWD_MEMBERS))
      const patches: Patch[] = []
      while (patches.length < members) patches.push(await draw(classId, CROWD_EXTENTS))
      ground.place({ classId, crowd: true, patches, shadow: 0 }, () => huddle(patches, size, random))
    }
    const classId = anyClass()
    const patch = await draw(classId, EXTENTS)
    const shadow = random() < 0.4 ? between(random, 0.2, 0.5) : 0
    ground.place({ classId, crowd: false, patches: [patch], shadow }, () => {
      const beside = huddled && ground.centres.length > 0 ? choose(ground.centres) : undefined
      moveTo(patch, spot(patch, size, random, beside))
    })
  }
  finish(canvas, random)
  return { canvas, objects: ground.objects() }
}

type Point = readonly [x: number, y: number]

/** Somewhere on the canvas, though a part may stick out; or near another object. */
function spot(patch: Patch, size: number, random: Random, beside: Point | undefined): Point {
  const side = Math.max(patch.width, patch.height)
  const margin = side * 0.42
  const inside = (v: number) => Math.min(size - margin, Math.max(margin, v))
  if (beside === undefined)
    return [between(random, margin, size - margin), between(random, margin, size - margin)]
  const reach = side * 0.75
  return [
    inside(beside[0] + between(random, -reach, reach)),
    inside(beside[1] + between(random, -reach, reach)),
  ]
}

function moveTo(patch: Patch, [x, y]: Point): void {
  patch.left = Math.round(x - patch.width / 2)
  patch.top = Math.round(y - patch.height / 2)
}

/** Brings the members of a crowd close together around a place. */
function huddle(patches: readonly Patch[], size: number, random: Random): void {
  const [reachX, reachY] = [size * between(random, 0.12, 0.3), size * between(random, 0.06, 0.16)]
  const margin = size * 0.06
  const [x, y] = [between(random, reachX, size - reachX), between(random, reachY, size - reachY)]
  const inside = (v: number) => Math.min(size - margin, Math.max(margin, v))
  // Those behind stand higher.
  const heights = patches.map(() => between(random, -reachY, reachY)).sort((a, b) => a - b)
  for (const [i, patch] of patches.entries())
    moveTo(patch, [inside(x + between(random, -reachX, reachX)), inside(y + heights[i])])
}

interface Item {
  classId: number
  crowd: boolean
  patches: readonly Patch[]
  /** How dark its shadow is, in [0, 1]. */
  shadow: number
}

interface Placed extends Item {
  fullArea: number
  visible: number
}

/** The canvas, and which object each pixel shows. */
class Ground {
  /** Middles of what was placed. */
  readonly centres: Point[] = []
  private readonly placed: Placed[] = []
  /** For each pixel: 0, or 1 + the index of the object that it shows. */
  private readonly owner: Uint8Array

  constructor(
    private readonly canvas: Canvas,
    private readonly lightAngle: number,
  ) {
    this.owner = new Uint8Array(canvas.size * canvas.size)
  }

  /** Moves the item about until enough of it, and of all that it hides, can be seen; else leaves it out. */
  place(item: Item, move: () => void): void {
    for (let attempt = 0; attempt < TRIES; attempt++) {
      move()
      const footprint = footprintOf(item.patches, this.canvas.size)
      const hidden = this.hiddenBy(footprint)
      if (hidden === undefined) continue
      this.put(item, footprint, hidden)
      return
    }
  }

  /** How many pixels of each object the footprint would hide; undefined where that is too many. */
  private hiddenBy({ pixels, fullArea }: Footprint): Uint32Array | undefined {
    if (pixels.length < LEAST_VISIBLE * fullArea) return undefined
    const hidden = new Uint32Array(this.placed.length)
    for (const pixel of pixels) {
      if (this.owner[pixel] > 0) hidden[this.owner[pixel] - 1]++
    }
    const enough = this.placed.every((one, i) => one.visible - hidden[i] >= LEAST_VISIBLE * one.fullArea)
    return enough ? hidden : undefined
  }

  private put(item: Item, { pixels, fullArea }: Footprint, hidden: Uint32Array): void {
    this.placed.forEach((one, i) => {
      one.visible -= hidden[i]
    })
    this.placed.push({ ...item, fullArea, visible: pixels.length })
    for (const pixel of pixels) this.owner[pixel] = this.placed.length
    for (const patch of item.patches) {
      if (item.shadow > 0) castShadow(this.canvas, patch, { angle: this.lightAngle, depth: item.shadow })
      blendPatch(this.canvas, patch)
      this.centres.push([patch.left + patch.width / 2, patch.top + patch.height / 2])
    }
  }

  objects(): SceneObject[] {
    return this.placed.map(({ classId, crowd, fullArea }, index) => {
      const seen = this.seen(index + 1)
      return { classId, crowd, fullArea, ...seen }
    })
  }

  private seen(id: number): Pick<SceneObject, 'mask' | 'area' | 'bbox'> {
    const { size } = this.canvas
    const mask = new Uint8Array(size * size)
    let [left, top, right, bottom, area] = [size, size, 0, 0, 0]
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++) {
        if (this.owner[y * size + x] !== id) continue
        mask[y * size + x] = 1
        area++
        left = Math.min(left, x)
        right = Math.max(right, x + 1)
        top = Math.min(top, y)
        bottom = y + 1
      }
    }
    return { mask, area, bbox: [left, top, right - left, bottom - top] }
  }
}

/** Light from one side over all, and a little grain. */
function finish(canvas: Canvas, random: Random): void {
  if (random() < 0.5) shade(canvas, slant(canvas.size, random() * 2 * Math.PI), between(random, 0.7, 1), 1.05)
  const grain = between(random, 0, 6)
  const { rgb } = canvas
  for (let i = 0; i < rgb.length; i += 3) {
    const change = grain * (2 * random() - 1)
    rgb[i] += change
    rgb[i + 1] += change
    rgb[i + 2] += change
  }
}
