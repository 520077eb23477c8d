/** The results of a search: its best children in order, and their genotypes as files. */
import { join } from 'node:path'
import { UserError } from '../shared/errors.js'
import { makeFolder, writeFileAtomically } from '../shared/files.js'
import type { SearchConfig } from './config.js'
import { type Best, bestChildren } from './journal/best.js'
import type { JournalEvent, RetrainedEvent } from './journal/journal.js'
import { chosenToRetrain } from './retrain/retrain.js'
import { genotypePath } from './search-folder.js'
import { type Cells, decodeCells } from './space/genotypes.js'
import { type RewardConfig, rewardOf } from './strategy/reward.js'

/** The cells that a task searches, with a name, as `genotype.json` holds them. */
export type NamedCells = { name: string } & Cells

/** One of the best children. */
export interface RankedChild extends Best {
  genotype: NamedCells
  /** What its longer training reached; null where there was none. */
  longer: RetrainedEvent | null
}

/** The cells of a child that was proposed. Throws a RangeError for others. */
export function proposedCells(
  { space, name }: Pick<SearchConfig, 'space' | 'name'>,
  events: readonly JournalEvent[],
  id: number,
): NamedCells {
  const asked = events.find((event) => event.kind === 'asked' && event.id === id)
  if (asked?.kind !== 'asked') throw new RangeError(`The search has proposed no child ${id}`)
  return { name: `${name}-${id}`, ...decodeCells(space, asked.decisions) }
}

/**
 * The best children of a search, as many as are wanted of it: those that were trained longer first, by what their
 * reward would have been after that; the others by their rewards. Empty when no child could be measured.
 */
export function rankBest(
  { space, reward, retrain, name }: SearchConfig,
  events: readonly JournalEvent[],
  retrained: readonly RetrainedEvent[],
): RankedChild[] {
  const chosen = retrain === null ? [] : chosenToRetrain(space, events, retrain)
  const best = chosen.length === 0 ? bestChildren(space, events, 1) : chosen
  const longer = new Map(retrained.map((event) => [event.id, event]))
  return best
    .map((child) => ({
      ...child,
      genotype: { name: `${name}-${child.id}`, ...decodeCells(space, child.decisions) },
      longer: longer.get(child.id) ?? null,
    }))
    .sort((a, b) => rewardThen(reward, b) - rewardThen(reward, a))
    .slice(0, Math.max(1, retrain?.count ?? 1))
}

/** What its reward would have been after the longer training: its cost counts as it did before. */
function rewardThen(config: RewardConfig, { told: { result }, longer }: RankedChild): number {
  return longer === null || result.kind === 'failed'
    ? 0
    : rewardOf(config, { ...result.measured, quality: longer.quality })
}

/**
 * Writes `genotype.json` (the best) and `best/1.json`, `best/2.json` … into the search's folder.
 *
 * @throws UserError when there is none, or the folder cannot be written
 */
export async function writeBest(folder: string, ranked: readonly RankedChild[]): Promise<void> {
  if (ranked.length === 0)
    throw new UserError(`No child of ${folder} could be measured; its journal tells why`)
  await makeFolder(join(folder, 'best'))
  for (const [rank, { genotype }] of ranked.entries()) {
    await writeFileAtomically(join(folder, 'best', `${rank + 1}.json`), genotypeText(genotype))
    if (rank === 0) await writeGenotype(folder, genotype)
  }
}

/** Writes the best cells, `genotype.json`. Throws a UserError when the folder cannot be written. */
export const writeGenotype = (folder: string, genotype: NamedCells): Promise<void> =>
  writeFileAtomically(genotypePath(folder), genotypeText(genotype))

const genotypeText = (genotype: NamedCells): string => `${JSON.stringify(genotype, null, 2)}\n`
