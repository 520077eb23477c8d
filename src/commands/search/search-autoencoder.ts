/** The end of a search for autoencoders: the best against a plain one, in figures and as pictures. */
import { existsSync } from 'node:fs'
import sharp from 'sharp'
import type { Machine } from '../../search/evaluate/machine.js'
import type { ReconstructSettings } from '../../search/evaluate/reconstruct.js'
import type { Compared, Comparison } from '../../search/retrain/compare-autoencoders.js'
import { comparisonPath, genotypePath, reconstructionsPath } from '../../search/search-folder.js'
import { readText, writeFileAtomically } from '../../shared/files.js'
import { psnr } from '../../train/autoencoder/reconstruct.js'
import { percent } from '../../train/run/progress.js'
import { grouped, textTable } from '../shared/text-table.js'
import type { Ranked } from './search-results.js'

export interface ConclusionParts {
  folder: string
  /** The recipe that both are trained by. */
  settings: ReconstructSettings
  ranked: readonly Ranked[]
  machine: Machine
  json: boolean
}

/**
 * Compares, unless a run before did so with the same child, writes comparison.json and reconstructions.png, and prints.
 * False when `signal` stopped it before.
 */
export async function concludeAutoencoders(
  { folder, settings, ranked, machine, json }: ConclusionParts,
  signal: AbortSignal,
): Promise<boolean> {
  const [best] = ranked
  const comparison =
    (await knownComparison(folder, best.id)) ?? (await compare(folder, settings, best, machine, signal))
  if (comparison === null) return false
  const result = {
    search: folder,
    genotype: genotypePath(folder),
    best: ranked.map(rowOf),
    comparison,
    reconstructions: reconstructionsPath(folder),
  }
  if (json) console.log(JSON.stringify(result))
  else for (const line of textOf(result)) console.log(line)
  return true
}

/** What comparison.json holds. */
type Conclusion = Omit<Comparison, 'pictures'> & { child: number }

/** What the folder holds of this child; null where it holds nothing, or another's. */
async function knownComparison(folder: string, child: number): Promise<Conclusion | null> {
  if (!existsSync(comparisonPath(folder)) || !existsSync(reconstructionsPath(folder))) return null
  const text = await readText(comparisonPath(folder), `${comparisonPath(folder)} has just been removed`)
  try {
    const known: Conclusion = JSON.parse(text)
    return known.child === child ? known : null
  } catch {
    // Somebody's hand was in it; it is made anew.
    return null
  }
}

/** Trains both and writes what came of it, the picture first. Null when `signal` stopped it before. */
async function compare(
  folder: string,
  settings: ReconstructSettings,
  { id, decisions }: Ranked,
  machine: Machine,
  signal: AbortSignal,
): Promise<Conclusion | null> {
  const { compareAutoencoders } = await import('../../search/retrain/compare-autoencoders.js')
  console.error(`Training child ${id} and a plain autoencoder of equal size …`)
  const comparison = await compareAutoencoders(settings, decisions, machine, signal).catch((error) => {
    if (signal.aborted) return null
    throw error
  })
  if (comparison === null) return null
  const { pictures, ...figures } = comparison
  const compared = { child: id, ...figures }
  await writeFileAtomically(reconstructionsPath(folder), await drawReconstructions(pictures))
  await writeFileAtomically(comparisonPath(folder), `${JSON.stringify(compared, null, 2)}\n`)
  return compared
}

/** A child's figures; `longer`: when it was trained longer. */
function rowOf({ id, reward, told: { result }, longer }: Ranked) {
  if (result.kind === 'failed') throw new Error(`internal: child ${id} is among the best, but failed`)
  const { quality, reconstructionError = Number.NaN, parameters, multiplyAdds } = result.measured
  const figures = (error: number, varianceExplained: number) => ({
    error,
    psnr: psnr(error),
    varianceExplained,
  })
  return {
    id,
    reward,
    ...figures(reconstructionError, quality),
    longer: longer && figures(longer.reconstructionError ?? Number.NaN, longer.quality),
    parameters,
    multiplyAdds,
  }
}

interface Result {
  genotype: string
  best: ReturnType<typeof rowOf>[]
  comparison: Conclusion
  reconstructions: string
}

function textOf({ genotype, best, comparison: { child, cells, plain }, reconstructions }: Result): string[] {
  type Figures = Pick<Compared, 'error' | 'psnr' | 'varianceExplained' | 'parameters' | 'multiplyAdds'>
  const row = (name: string, { error, psnr, varianceExplained, ...cost }: Figures) => [
    name,
    error.toFixed(5),
    `${psnr.toFixed(2)} dB`,
    percent(varianceExplained),
    grouped(cost.parameters),
    grouped(cost.multiplyAdds),
  ]
  const heads = ['squared error', 'PSNR', 'variance explained', 'parameters', 'multiply-adds']
  const found = best.map(({ longer, ...figures }, rank) =>
    row(`${rank + 1}. child ${figures.id}`, { ...figures, ...longer }),
  )
  const compared = [row(`child ${child}`, cells), row(`plain convolutions, ${plain.width} wide`, plain)]
  return [
    'The best, on held-out images with pixels from 0 to 1:',
    ...textTable([['', ...heads], ...found], 1),
    '',
    'The best against a plain autoencoder of equal size, both trained once more, side by side and alike:',
    ...textTable([['', ...heads], ...compared], 1),
    '',
    `${reconstructions} shows held-out images, and below them what is left by the cells and by plain convolutions.`,
    `The best cells are ${genotype}; see toolkit draw ${genotype}`,
  ]
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
