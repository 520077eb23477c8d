/**
 * The end of a search for autoencoders: the best against a plain one of equal size, as `comparison.json` and
 * `reconstructions.png` in the search's folder.
 */
import { existsSync } from 'node:fs'
import sharp from 'sharp'
import { readText, writeFileAtomically } from '../shared/files.js'
import type { Machine } from './evaluate/machine.js'
import type { ReconstructSettings } from './evaluate/settings.js'
import type { RankedChild } from './results.js'
import type { Comparison } from './retrain/compare-autoencoders.js'
import { comparisonPath, reconstructionsPath } from './search-folder.js'

/** What `comparison.json` holds: the metrics of both, and which child the cells are of. */
export type AutoencoderComparison = Omit<Comparison, 'pictures'> & { child: number }

export interface ComparisonOptions {
  signal: AbortSignal
  /** Called before the training of the two, which a comparison that is already there does without. */
  onBegin?: () => void
}

/**
 * The comparison of a child: the one that the folder holds, or a new one, which is written there. Null when the signal
 * stopped it.
 *
 * @param settings the recipe that both are trained by
 * @throws UserError when one of the two diverges, or the folder cannot be written
 */
export async function comparisonOf(
  folder: string,
  settings: ReconstructSettings,
  { id, decisions }: Pick<RankedChild, 'id' | 'decisions'>,
  machine: Machine,
  { signal, onBegin }: ComparisonOptions,
): Promise<AutoencoderComparison | null> {
  const known = await readComparison(folder, id)
  if (known !== null) return known
  const { compareAutoencoders } = await import('./retrain/compare-autoencoders.js')
  onBegin?.()
  const comparison = await compareAutoencoders(settings, decisions, machine, signal).catch((error) => {
    if (signal.aborted) return null
    throw error
  })
  if (comparison === null) return null
  const { pictures, ...metrics } = comparison
  const compared = { child: id, ...metrics }
  // The picture first: a comparison counts as known when both files are there.
  await writeFileAtomically(reconstructionsPath(folder), await drawReconstructions(pictures))
  await writeFileAtomically(comparisonPath(folder), `${JSON.stringify(compared, null, 2)}\n`)
  return compared
}

/** What the folder holds of this child; null where it holds nothing, or another child's. */
async function readComparison(folder: string, child: number): Promise<AutoencoderComparison | null> {
  if (!existsSync(comparisonPath(folder)) || !existsSync(reconstructionsPath(folder))) return null
  const text = await readText(comparisonPath(folder), `${comparisonPath(folder)} has just been removed`)
  try {
    const known: AutoencoderComparison = JSON.parse(text)
    return known.child === child ? known : null
  } catch {
    // The file is damaged: compare again.
    return null
  }
}

/** Pixels of the picture for one of an image, and between images. */
const SCALE = 4
const GAP = 4

/** Rows of images: originals, cells, plain. PNG. */
async function drawReconstructions({ side, count, ...rows }: Comparison['pictures']): Promise<Buffer> {
  const step = side * SCALE + GAP
  const [width, height] = [count * step + GAP, 3 * step + GAP]
  const picture = new Uint8Array(width * height * 3).fill(255)
  for (const [row, images] of [rows.originals, rows.cells, rows.plain].entries())
    for (let image = 0; image < count; image++)
      for (let y = 0; y < side * SCALE; y++)
        for (let x = 0; x < side * SCALE; x++) {
          const pixel = Math.floor(y / SCALE) * side + Math.floor(x / SCALE)
          const from = (image * side * side + pixel) * 3
          const to = ((GAP + row * step + y) * width + GAP + image * step + x) * 3
          picture.set(images.subarray(from, from + 3), to)
        }
  return sharp(picture, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer()
}
