import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DARTS_V2, type Genotype, NASNET_A } from '../../../models/index.js'
import { loadChildData } from '../../../src/search/evaluate/recipe.js'
import type { ChildRecipe } from '../../../src/search/evaluate/settings.js'
import { trainEvaluator } from '../../../src/search/evaluate/train.js'
import { compareNetworks } from '../../../src/search/retrain/compare.js'
import { matchWidth, type Sized, sized } from '../../../src/search/retrain/match-width.js'
import { decode } from '../../../src/search/space/genotypes.js'
import { smallRecipe, smallRun, smallSpace } from '../../helpers/search/evaluate/small-recipe.js'

const shapes = { imageSize: 8, classes: 10 }
const decisions = [
  [0, 1, 1, 0, 0, 1, 0, 0, 2, 0],
  [1, 1, 0, 0, 0, 0, 0, 1, 1, 0],
]
const genotypes = decisions.map((of, place): Genotype => decode(smallSpace, of, `cell-${place}`))

test('the width chosen is the nearest of all', () => {
  const target = sized(smallRun, NASNET_A, 5, shapes).description.multiplyAdds
  const away = ({ description }: Sized): number => Math.abs(description.multiplyAdds - target)
  const chosen = matchWidth(smallRun, DARTS_V2, target, shapes)
  const all = Array.from({ length: 12 }, (_, place) => sized(smallRun, DARTS_V2, 1 + place, shapes))
  assert.equal(away(chosen), Math.min(...all.map(away)))
  const { name, filters } = chosen.run.model
  assert.equal(name, 'darts-v2')
  assert.ok(filters > 1 && filters < 12, `${filters}`)
  assert.equal(matchWidth(smallRun, NASNET_A, target, shapes).run.model.filters, 5)
  assert.equal(matchWidth(smallRun, NASNET_A, 1, shapes).run.model.filters, 1)
})

test('every network is trained from every seed, as a child of that seed is, however many at a time', async (t) => {
  const small = (await smallRecipe(t)).recipe
  const recipe: ChildRecipe = { ...small, run: { ...small.run, length: { kind: 'steps', amount: 2 } } }
  const data = await loadChildData(recipe, {})
  const networks = genotypes.map((genotype) => sized(data.run, genotype, 4, shapes))
  const seeds = [data.run.seed, data.run.seed + 1]
  const heard: string[] = []
  const trained = (processes: number) =>
    compareNetworks(
      { networks, data, seeds, processes, threads: 1 },
      { onTrained: ({ network, seed }) => heard.push(`${network} ${seed}`) },
    )
  const inOrder = (all: Awaited<ReturnType<typeof trained>>) =>
    all!
      .map(({ network, seed, accuracy }) => ({ network, seed, accuracy }))
      .sort((a, b) => a.network - b.network || a.seed - b.seed)
  const two = inOrder(await trained(2))
  assert.equal(new Set(heard).size, 4)
  assert.deepEqual(inOrder(await trained(1)), two)
  assert.equal(heard.length, 8)

  const evaluator = await trainEvaluator({ ...recipe, kind: 'train', stopBelow: 0 }, { threads: 1 })
  const child = await evaluator.evaluate({ id: 0, decisions: decisions[1] }, new AbortController().signal)
  await evaluator.close()
  assert.ok(child.kind === 'measured')
  assert.equal(two[2].accuracy, child.measured.quality)
})

test('a loss that is not finite is no accuracy, and a stop leaves nothing', async (t) => {
  const { recipe } = await smallRecipe(t)
  const data = await loadChildData(recipe, {})
  const learningRate = { kind: 'constant', peak: 1e30, warmup: 0 } as const
  const run = { ...data.run, learningRate, clipNorm: null }
  const networks = [sized(run, genotypes[0], 4, shapes)]
  const parts = { networks, data, seeds: [1], processes: 1, threads: 1 }
  const trained = await compareNetworks(parts)
  assert.deepEqual(
    trained!.map(({ accuracy }) => accuracy),
    [null],
  )
  assert.equal(await compareNetworks(parts, { signal: AbortSignal.abort() }), null)
})
