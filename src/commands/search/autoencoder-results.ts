/** Prints the results of a search for autoencoders: the best, and how it compares with a plain one. */
import type { AutoencoderComparison } from '../../search/comparison.js'
import type { RankedChild } from '../../search/results.js'
import type { Compared } from '../../search/retrain/compare-autoencoders.js'
import { genotypePath, reconstructionsPath } from '../../search/search-folder.js'
import { grouped, percent } from '../../shared/text.js'
import { psnr } from '../../train/autoencoder/evaluate.js'
import { textTable } from '../shared/text-table.js'

export function printComparison(
  folder: string,
  ranked: readonly RankedChild[],
  comparison: AutoencoderComparison,
  { json }: { json?: boolean },
): void {
  const result = {
    search: folder,
    genotype: genotypePath(folder),
    best: ranked.map(rowOf),
    comparison,
    reconstructions: reconstructionsPath(folder),
  }
  if (json) console.log(JSON.stringify(result))
  else for (const line of textOf(result)) console.log(line)
}

/** A child's metrics; `longer`: those of its longer training. */
function rowOf({ id, reward, told: { result }, longer }: RankedChild) {
  if (result.kind === 'failed') throw new Error(`internal: child ${id} is among the best, but failed`)
  const { quality, reconstructionError = Number.NaN, parameters, multiplyAdds } = result.measured
  const metrics = (error: number, varianceExplained: number) => ({
    error,
    psnr: psnr(error),
    varianceExplained,
  })
  return {
    id,
    reward,
    ...metrics(reconstructionError, quality),
    longer: longer && metrics(longer.reconstructionError ?? Number.NaN, longer.quality),
    parameters,
    multiplyAdds,
  }
}

interface Result {
  genotype: string
  best: ReturnType<typeof rowOf>[]
  comparison: AutoencoderComparison
  reconstructions: string
}

function textOf({ genotype, best, comparison: { child, cells, plain }, reconstructions }: Result): string[] {
  type Metrics = Pick<Compared, 'error' | 'psnr' | 'varianceExplained' | 'parameters' | 'multiplyAdds'>
  const row = (name: string, { error, psnr, varianceExplained, ...cost }: Metrics) => [
    name,
    error.toFixed(5),
    `${psnr.toFixed(2)} dB`,
    percent(varianceExplained),
    grouped(cost.parameters),
    grouped(cost.multiplyAdds),
  ]
  const heads = ['squared error', 'PSNR', 'variance explained', 'parameters', 'multiply-adds']
  const found = best.map(({ longer, ...metrics }, rank) =>
    row(`${rank + 1}. child ${metrics.id}`, { ...metrics, ...longer }),
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
