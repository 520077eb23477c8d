/** The first stage: a few children are searched, each trained for some steps, and the best cells written down. */
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import type { SearchConfig } from '../search/config.js'
import { createSearch, resumeSearch } from '../search/create-study.js'
import { watchSearch } from '../search/journal/standing.js'
import { configPath } from '../search/search-folder.js'
import { searchConfig } from '../search/settings.js'
import type { RewardConfig } from '../search/strategy/reward.js'
import { UserError } from '../shared/errors.js'
import { plural } from '../shared/text.js'
import { stagePath } from './chain-folder.js'
import type { SearchPlan } from './plan.js'
import type { Stage } from './stage.js'

/** Cells of more blocks are better after a long training, and cost a short one too many steps. */
const BLOCKS = 3
/**
 * How rewards weigh accuracy against multiply-adds: half as many are worth a fifth of the accuracy, since all that follows
 * trains for a time and not for a number of steps. The target is what NASNet-A's cells cost in a child's place.
 */
const REWARD: RewardConfig = { cost: 'multiplyAdds', target: 1e7, exponent: -0.25 }

/** The search for so much time, in a folder. */
export function chainSearch({ budget, steps, validation }: SearchPlan, folder: string): SearchConfig {
  const config = searchConfig(
    {
      ...{ data: 'embedded', evaluator: 'train', strategy: 'evolution', blocks: BLOCKS },
      budget: { kind: 'seconds', amount: budget },
      ...{ steps, batchSize: 32, imageSize: 16, trainImages: 2000, validationImages: validation },
      ...{ top: 0, seed: 1 },
    },
    { folder, id: randomUUID() },
  )
  return { ...config, reward: REWARD }
}

export const searchStage: Stage<'search'> = async ({ folder, plan, clock, report }) => {
  const place = stagePath(folder, 'search')
  const note = (text: string): void => report({ kind: 'note', text })
  const options = { onWarning: note }
  const study = existsSync(configPath(place))
    ? await resumeSearch(place, {}, options)
    : await createSearch(chainSearch(plan.search, place), place, options)
  try {
    const watched = watchSearch()
    for (const event of study.events)
      if (event.kind === 'told') {
        watched.add(event)
        if (event.result.kind === 'measured') clock.hasResult()
      }
    study.on('note', note)
    study.on('child', (event, { seconds }) => {
      watched.add(event)
      if (event.result.kind === 'measured') clock.hasResult()
      const { told, best } = watched
      const text = `${plural(told, 'child', 'children')} tried · best ${best?.reward.toFixed(3) ?? '–'}`
      report({ kind: 'progress', done: Math.min(1, seconds / plan.search.budget), text })
      report({ kind: 'grown' })
    })
    const { best } = await study.run({ signal: clock.signal })
    if (clock.isStopped) return null
    const [first] = best
    if (first === undefined || first.told.result.kind !== 'measured')
      throw new UserError(`No child of the search in ${place} could be measured; its journal tells why`)
    return { tried: watched.told, best: first.id, accuracy: first.told.result.measured.quality }
  } finally {
    await study.close()
  }
}
