/** What is left of a search at its end: the best genotypes as files, and who they are. */
import { join } from 'node:path'
import type { SearchConfig } from '../../search/config.js'
import { type Best, bestChildren } from '../../search/journal/best.js'
import type { JournalEvent, RetrainedEvent } from '../../search/journal/journal.js'
import { chosenToRetrain } from '../../search/retrain/retrain.js'
import { genotypePath } from '../../search/search-folder.js'
import { decodeCells } from '../../search/space/genotypes.js'
import { type RewardConfig, rewardOf } from '../../search/strategy/reward.js'
import { UserError } from '../../shared/errors.js'
import { makeFolder, writeFileAtomically } from '../../shared/files.js'
import { percent } from '../../train/run/progress.js'

/** One of the best children. */
export interface Ranked extends Best {
  /** What came of it when it was trained longer; null where it was not. */
  longer: RetrainedEvent | null
}

/**
 * The best children of a search, those first that did best when trained longer, and their genotypes in its folder.
 *
 * @throws UserError when no child could be measured, or the folder cannot be written
 */
export async function writeBest(
  folder: string,
  { space, reward, retrain, name }: SearchConfig,
  events: readonly JournalEvent[],
  retrained: readonly RetrainedEvent[],
): Promise<Ranked[]> {
  const best = retrain === null ? bestChildren(space, events, 1) : chosenToRetrain(space, events, retrain)
  if (best.length === 0) throw new UserError(`No child of ${folder} could be measured; its journal tells why`)
  const longer = new Map(retrained.map((event) => [event.id, event]))
  const ranked = best
    .map((child) => ({ ...child, longer: longer.get(child.id) ?? null }))
    .sort((a, b) => rewardThen(reward, b) - rewardThen(reward, a))
    .slice(0, Math.max(1, retrain?.count ?? 1))
  await makeFolder(join(folder, 'best'))
  for (const [rank, { id, decisions }] of ranked.entries()) {
    const genotype = { name: `${name}-${id}`, ...decodeCells(space, decisions) }
    const text = `${JSON.stringify(genotype, null, 2)}\n`
    await writeFileAtomically(join(folder, 'best', `${rank + 1}.json`), text)
    if (rank === 0) await writeFileAtomically(genotypePath(folder), text)
  }
  return ranked
}

/** What its reward would have been after the longer training: its cost counts as it did before. */
function rewardThen(config: RewardConfig, { told: { result }, longer }: Ranked): number {
  return longer === null || result.kind === 'failed'
    ? 0
    : rewardOf(config, { ...result.measured, quality: longer.quality })
}

/** Prints the best classifiers. */
export function printBest(folder: string, ranked: readonly Ranked[], json: boolean): void {
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
