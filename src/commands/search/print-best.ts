/** Prints the results of a search for classifiers. */
import type { RankedChild } from '../../search/results.js'
import { genotypePath } from '../../search/search-folder.js'
import { percent } from '../../shared/text.js'

export function printBest(
  folder: string,
  ranked: readonly RankedChild[],
  { json }: { json?: boolean },
): void {
  const rows = ranked.map(({ id, reward, longer }) => ({ id, reward, retrained: longer?.quality ?? null }))
  if (json) {
    console.log(JSON.stringify({ search: folder, genotype: genotypePath(folder), best: rows }))
    return
  }
  for (const [rank, { id, reward, retrained }] of rows.entries())
    console.log(
      `${rank + 1}. child ${id}: reward ${reward.toFixed(4)}${retrained === null ? '' : `, ${percent(retrained)} after longer training`}`,
    )
  console.log(`The best is ${genotypePath(folder)}; see toolkit search-report ${folder}`)
}
