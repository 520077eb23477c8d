/** Journals as searches write them, with rewards that a formula makes up. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { OPERATION_NAMES, type OperationName, random } from '../../../models/index.js'
import type { SearchConfig } from '../../../src/search/config.js'
import { trainRecipe } from '../../../src/search/evaluate/recipes.js'
import type { JournalEvent } from '../../../src/search/journal/journal.js'
import type { SearchSpace } from '../../../src/search/space/space.js'
import { smallController } from '../../../src/search/strategy/ppo-options.js'
import { smallSearch } from './small-search.js'

export const paperLikeSpace: SearchSpace = {
  cells: ['normal', 'reduction'],
  blocks: 5,
  operations: [...OPERATION_NAMES],
  combinations: ['add', 'concat'],
}

/** What operations are worth. */
const WORTH: Partial<Record<OperationName, number>> = {
  sep_conv_3x3: 1,
  sep_conv_5x5: 0.95,
  sep_conv_7x7: 0.7,
  identity: 0.55,
  avg_pool_3x3: 0.45,
  conv_3x3: 0.6,
}

export interface FakeSearch {
  strategy: 'ppo' | 'random'
  seed: number
  children: number
  space?: SearchSpace
  retrained?: number
}

const LEARNING_RATE = 12

/** How many options each decision has. */
function sizesOf({ cells, blocks, operations, combinations }: SearchSpace): number[] {
  const block = (state: number) => [state, state, operations.length, operations.length, combinations.length]
  return cells.flatMap(() => Array.from({ length: blocks }, (_, index) => block(index + 2)).flat())
}

/** Draws and rewards children one after the other; `ppo` learns a distribution for each decision by REINFORCE. */
export function fakeJournal({
  strategy,
  seed,
  children,
  space = paperLikeSpace,
  retrained = 0,
}: FakeSearch): JournalEvent[] {
  const draws = random(seed, 'fake search', strategy)
  const uniform = () => draws.uniform()
  const logits = sizesOf(space).map((size) => new Array<number>(size).fill(0))
  const workforce = { processes: 3, threads: 2 }
  const events: JournalEvent[] = [{ kind: 'session', seconds: 0, at: '2026-01-05T09:00:00.000Z', workforce }]
  const measuredChildren: { id: number; quality: number }[] = []
  let [seconds, baseline] = [0, 0]
  for (let id = 0; id < children; id++) {
    const chances = logits.map(softmax)
    const decisions = chances.map((chance) => pick(chance, uniform()))
    events.push({ kind: 'asked', id, decisions })
    const operations = decisions.flatMap((decision, i) =>
      [2, 3].includes(i % 5) ? [space.operations[decision]] : [],
    )
    const worth = operations.reduce((sum, name) => sum + (WORTH[name] ?? 0.2), 0) / operations.length
    const quality = 0.52 + 0.3 * worth + 0.02 * (uniform() + uniform() + uniform() - 1.5)
    const heavy = operations.filter((name) => name.includes('conv')).length
    seconds += 18 + 2 * heavy * uniform()
    const failed = uniform() < 0.008
    const reward = failed ? 0 : quality
    const worker = `worker-${id % 3}`
    events.push({
      kind: 'told',
      result: failed
        ? {
            id,
            worker,
            kind: 'failed',
            reason: uniform() < 0.7 ? 'the loss is not a number' : 'out of memory',
          }
        : {
            id,
            worker,
            kind: 'measured',
            measured: {
              quality,
              parameters: 180_000 + 60_000 * heavy,
              multiplyAdds: 20e6 + 9e6 * heavy,
              ...(uniform() < 0.06 && { stoppedEarly: true }),
              seconds: { compile: 3 + 0.2 * heavy, train: 40 + 4 * heavy, measure: 2.5 },
            },
          },
      seconds,
      reward,
      figures: strategy === 'ppo' ? { entropy: entropyOf(chances), baseline } : {},
    })
    if (!failed) measuredChildren.push({ id, quality })
    if (strategy === 'ppo') {
      const advantage = id === 0 ? 0 : Math.max(-0.03, reward - baseline)
      for (const [i, decision] of decisions.entries())
        for (const option of logits[i].keys())
          logits[i][option] += LEARNING_RATE * advantage * (Number(option === decision) - chances[i][option])
      baseline = id === 0 ? reward : 0.95 * baseline + 0.05 * reward
    }
    if (id % 20 === 19)
      events.push({
        kind: 'overhead',
        seconds,
        strategySeconds: strategy === 'ppo' ? 0.9 : 0.002,
        journalSeconds: 0.05,
      })
    if (id === Math.floor(children / 2))
      events.push({ kind: 'session', seconds, at: '2026-01-06T08:00:00.000Z', workforce })
  }
  const best = measuredChildren.sort((a, b) => b.quality - a.quality).slice(0, retrained)
  for (const { id, quality } of best)
    events.push({ kind: 'retrained', id, quality: 0.3 + 0.8 * quality + 0.02 * uniform(), seconds: 1900 })
  return events
}

function softmax(logits: readonly number[]): number[] {
  const powers = logits.map((logit) => Math.exp(logit - Math.max(...logits)))
  const sum = powers.reduce((a, b) => a + b, 0)
  return powers.map((power) => power / sum)
}

function pick(chances: readonly number[], uniform: number): number {
  let left = uniform
  for (const [option, chance] of chances.entries()) {
    left -= chance
    if (left < 0) return option
  }
  return chances.length - 1
}

const entropyOf = (chances: readonly number[][]): number =>
  -chances.flat().reduce((sum, chance) => sum + (chance > 0 ? chance * Math.log(chance) : 0), 0)

/** The config of such a search. */
export function fakeConfig({ strategy, seed, children, space = paperLikeSpace }: FakeSearch): SearchConfig {
  return {
    ...smallSearch(),
    name: `${strategy}-${seed}`,
    id: `${strategy} ${seed} ${children}`,
    seed,
    space,
    evaluator: trainRecipe(space),
    retrain: null,
    strategy: strategy === 'random' ? { kind: strategy } : { kind: strategy, options: smallController },
    budget: { kind: 'children', amount: children },
  }
}

/** A search's folder with `search.json` and `journal.jsonl`, all of whose lines are whole. */
export async function writeFakeSearch(folder: string, fake: FakeSearch): Promise<JournalEvent[]> {
  const events = fakeJournal(fake)
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'search.json'), JSON.stringify(fakeConfig(fake)))
  await writeFile(join(folder, 'journal.jsonl'), events.map((event) => `${JSON.stringify(event)}\n`).join(''))
  return events
}
