/**
 * The drawings behind the embedded data set, and their rasters. Whatever is made of them (single images,
 * scenes for detection) should keep to the artists' roles in artists.ts: train on some, test on another.
 */
import { readFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { brotliDecompress } from 'node:zlib'
import sharp from 'sharp'
import { packageRoot } from '../../src/shared/package-root.js'

/** One emoji by one artist, as stored. */
export interface Drawing {
  /** An `id` of artists.ts. */
  artist: string
  /** Index into `emojiClasses`. */
  classId: number
  name: string
  /** As SVG has it: left, top, width, height. */
  viewBox: string
  /** What stands between `<svg>` and `</svg>`. */
  body: string
}

/** One drawing in pixels. */
export interface Artwork {
  classId: number
  artist: string
  name: string
  /** Height and width in pixels. */
  size: number
  /** uint8, size × size × 4, RGB not multiplied by alpha. */
  rgba: Uint8Array
  /** The smallest box that holds all visible pixels: [left, top, right, bottom), in pixels. */
  box: [number, number, number, number]
}

export function artworkFile(): string {
  return join(packageRoot(), 'datasets', 'emoji', 'artwork.json.br')
}

/** All drawings as stored, in the order artist, class, emoji. */
export async function loadDrawings(): Promise<Drawing[]> {
  const packed = await readFile(artworkFile())
  return JSON.parse((await promisify(brotliDecompress)(packed)).toString('utf8')) as Drawing[]
}

/** All drawings, each drawn once at `size` × `size` pixels on a transparent ground; same order as stored. */
export async function loadArtwork({ size = 64 }: { size?: number } = {}): Promise<Artwork[]> {
  const drawings = await loadDrawings()
  const artwork = new Array<Artwork>(drawings.length)
  let next = 0
  const draw = async () => {
    for (let i = next++; i < drawings.length; i = next++) artwork[i] = await rasterise(drawings[i], size)
  }
  await Promise.all(Array.from({ length: availableParallelism() + 1 }, draw))
  return artwork
}

/** One drawing at `size` × `size` pixels on a transparent ground. */
export async function rasterise(drawing: Drawing, size: number): Promise<Artwork> {
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" ` +
    `width="${size}" height="${size}" viewBox="${drawing.viewBox}">${drawing.body}</svg>`
  const raw = await sharp(Buffer.from(svg)).ensureAlpha().toColourspace('srgb').raw().toBuffer()
  const { artist, classId, name } = drawing
  const rgba = new Uint8Array(raw)
  if (rgba.length !== size * size * 4) throw new Error(`${artist} ${name} came out at ${rgba.length} bytes.`)
  return { classId, artist, name, size, rgba, box: visibleBox(rgba, size) }
}

/** Pixels fainter than this (of 255) are the edge's antialiasing or a soft shadow, not the thing itself. */
const visibleAlpha = 32

function visibleBox(rgba: Uint8Array, size: number): Artwork['box'] {
  let [left, top, right, bottom] = [size, size, 0, 0]
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      if (rgba[(y * size + x) * 4 + 3] < visibleAlpha) continue
      left = Math.min(left, x)
      right = Math.max(right, x + 1)
      top = Math.min(top, y)
      bottom = y + 1
    }
  }
  if (right === 0) throw new Error('A drawing of the embedded data set is empty; artwork.json.br is damaged.')
  return [left, top, right, bottom]
}
