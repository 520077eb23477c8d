/**
 * The embedded data set: emoji of ten classes on varied backgrounds. It needs no download, and its test is
 * measures generalisation: every test image shows drawings by an artist whose work training never sees.
 */
import { setImmediate } from 'node:timers/promises'
import { sfc32, shuffle } from '../../src/shared/random.js'
import { type Artist, artists } from '../emoji/artists.js'
import { type Artwork, loadArtwork } from '../emoji/artwork.js'
import { emojiClasses } from '../emoji/classes.js'
import { type Canvas, drawArtwork, type Placement, paintBackground } from '../emoji/compose.js'
import { DatasetError } from '../files/errors.js'
import type { ImageSet } from './image-set.js'

export interface EmbeddedOptions {
  /** Same seed, same pixels. */
  seed?: number
  /** Height and width of the images in pixels, 8 to 512. */
  size?: number
  /** How many images each part has. */
  trainCount?: number
  testCount?: number
  /** With 0 there is no validation part and all drawings of the training artists are trained on. */
  validationCount?: number
}

export interface EmbeddedDataset {
  train: ImageSet
  /** By the training artists, of drawings that training does not show. */
  validation?: ImageSet
  /** By the test artist. */
  test: ImageSet
  /** The artists to credit, and the licences of their drawings. */
  credits: Artist[]
}

export const embeddedClasses = emojiClasses.map(({ name }) => name)

/** One drawing in this many goes to validation, when there is any. */
const validationShare = 8

/**
 * Composes the data set in memory. Classes take turns (image i is of class i mod 10), so that any first part
 * of a set is balanced.
 *
 * @throws DatasetError for a size or count out of range.
 */
export async function loadEmbedded({
  seed = 0,
  size = 32,
  trainCount = 10_000,
  testCount = 1_500,
  validationCount = 0,
}: EmbeddedOptions = {}): Promise<EmbeddedDataset> {
  if (!Number.isInteger(size) || size < 8 || size > 512)
    throw new DatasetError(`The embedded data set has images of 8 to 512 pixels a side, not ${size}.`)
  for (const count of [trainCount, testCount, validationCount]) {
    if (!Number.isInteger(count) || count < 0)
      throw new DatasetError(`The embedded data set cannot have ${count} images; give a whole number.`)
  }
  const { shown, heldOut, unseen } = divideArtwork(await loadArtwork({ size: size * 2 }), {
    seed,
    validation: validationCount > 0,
  })
  return {
    train: await compose('embedded train', shown, trainCount, size, seed),
    ...(validationCount > 0 && {
      validation: await compose('embedded validation', heldOut, validationCount, size, seed),
    }),
    test: await compose('embedded test', unseen, testCount, size, seed),
    credits: artists,
  }
}

/**
 * Divides the drawings: `shown` and `heldOut` are by the training artists (no drawing is in both; `heldOut` is empty
 * without validation), `unseen` is all by the test artist.
 */
export function divideArtwork<T extends { artist: string; classId: number }>(
  artwork: T[],
  { seed, validation }: { seed: number; validation: boolean },
): { shown: T[]; heldOut: T[]; unseen: T[] } {
  const role = new Map(artists.map((artist) => [artist.id, artist.role]))
  const known = artwork.filter(({ artist }) => role.get(artist) === 'train')
  const unseen = artwork.filter(({ artist }) => role.get(artist) === 'test')
  if (!validation) return { shown: known, heldOut: [], unseen }
  const held = new Set<T>()
  for (const pile of byClass(known)) {
    const drawn = shuffle([...pile], sfc32(seed, 'hold out'))
    for (const one of drawn.slice(0, Math.ceil(pile.length / validationShare))) held.add(one)
  }
  return { shown: known.filter((one) => !held.has(one)), heldOut: [...held], unseen }
}

function byClass<T extends { classId: number }>(artwork: T[]): T[][] {
  return embeddedClasses.map((_, classId) => artwork.filter((one) => one.classId === classId))
}

async function compose(
  name: string,
  artwork: Artwork[],
  count: number,
  size: number,
  seed: number,
): Promise<ImageSet> {
  const piles = byClass(artwork)
  const bytes = size * size * 3
  const set: ImageSet = {
    name,
    pixels: new Uint8Array(count * bytes),
    labels: new Int32Array(count),
    count,
    height: size,
    width: size,
    classes: embeddedClasses,
  }
  const canvas: Canvas = { size, rgb: new Float32Array(bytes) }
  // The same bytes: writing floats through this view rounds them and keeps them in 0…255.
  const rounded = new Uint8ClampedArray(set.pixels.buffer)
  for (let i = 0; i < count; i++) {
    // Let signals and timers run.
    if (i % 256 === 255) await setImmediate()
    const classId = i % piles.length
    const turn = Math.floor(i / piles.length)
    const pile = piles[classId]
    // Every drawing of a class is shown once before any is shown again.
    if (turn % pile.length === 0) shuffle(pile, sfc32(seed, name, 'order', i))
    const random = sfc32(seed, name, 'image', i)
    paintBackground(canvas, random)
    drawArtwork(canvas, pile[turn % pile.length], randomPlacement(size, random))
    rounded.set(canvas.rgb, i * bytes)
    set.labels[i] = classId
  }
  return set
}

function randomPlacement(size: number, random: () => number): Placement {
  const extent = size * (0.6 + 0.4 * random())
  // Up to a tenth of the canvas beyond what keeps the drawing inside.
  const slack = (size - extent) / 2 + size * 0.05
  return {
    extent,
    x: size / 2 + slack * (2 * random() - 1),
    y: size / 2 + slack * (2 * random() - 1),
    angle: ((random() + random() - 1) * Math.PI) / 9,
    mirrored: random() < 0.5,
  }
}
