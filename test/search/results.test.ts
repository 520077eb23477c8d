import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { trainRecipe } from '../../src/search/evaluate/recipes.js'
import type { RetrainedEvent } from '../../src/search/journal/journal.js'
import { rankBest, writeBest } from '../../src/search/results.js'
import { qualityAlone } from '../../src/search/strategy/reward.js'
import { fakeConfig, fakeJournal, paperLikeSpace } from '../helpers/search/fake-search.js'
import { temporaryFolder } from '../helpers/temporary-folder.js'

test('what the best cost counts after longer training as it did before', async (t) => {
  const fake = { strategy: 'random', seed: 3, children: 12 } as const
  const events = fakeJournal(fake)
  const costs = events.flatMap((event): [number, number][] =>
    event.kind === 'told' && event.result.kind === 'measured'
      ? [[event.result.id, event.result.measured.multiplyAdds]]
      : [],
  )
  costs.sort(([, a], [, b]) => a - b)
  const [[cheap, low], [dear, high]] = [costs[0], costs.at(-1)!]
  assert.ok(high > 1.5 * low)
  const retrained = [
    [dear, 0.82],
    [cheap, 0.8],
  ].map(([id, quality]): RetrainedEvent => ({ kind: 'retrained', id, quality, seconds: 1 }))
  const config = {
    ...fakeConfig(fake),
    retrain: { count: 12, ranksChecked: 0, evaluator: trainRecipe(paperLikeSpace) },
  }
  const ranksWith = async (reward: typeof config.reward) => {
    const folder = await temporaryFolder(t)
    const ranked = rankBest({ ...config, reward }, events, retrained)
    await writeBest(folder, ranked)
    assert.equal((await readdir(join(folder, 'best'))).length, ranked.length)
    const { name } = JSON.parse(await readFile(join(folder, 'genotype.json'), 'utf8'))
    assert.equal(name, `${config.name}-${ranked[0].id}`)
    return ranked.slice(0, 2).map(({ id }) => id)
  }
  assert.deepEqual(await ranksWith(qualityAlone), [dear, cheap])
  assert.deepEqual(await ranksWith({ cost: 'multiplyAdds', target: low, exponent: -0.07 }), [cheap, dear])
})
