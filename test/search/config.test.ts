import assert from 'node:assert/strict'
import { test } from 'node:test'
import { validateSearchConfig } from '../../src/search/config.js'
import { reconstructRecipe, trainRecipe } from '../../src/search/evaluate/recipes.js'
import { autoencoderSpace, paperSpace } from '../../src/search/space/space.js'
import { smallController } from '../../src/search/strategy/ppo-options.js'
import { smallSearch } from '../helpers/search/small-search.js'

test('a valid config comes back unchanged, also by way of JSON', () => {
  const ppo = { ...smallSearch('shared'), strategy: { kind: 'ppo', options: smallController }, retrain: null }
  const random = { ...smallSearch(), strategy: { kind: 'random' }, budget: { kind: 'seconds', amount: 0.5 } }
  for (const config of [smallSearch(), ppo, random]) {
    assert.deepEqual(validateSearchConfig(config), config)
    assert.deepEqual(validateSearchConfig(JSON.parse(JSON.stringify(config))), config)
  }
})

test('an evaluator’s "hopelessBelow" of version 0.1 is its "stopBelow"', () => {
  const search = smallSearch()
  const text = JSON.stringify(search).replaceAll('"stopBelow":', '"hopelessBelow":')
  assert.equal(text.split('"hopelessBelow":0').length, 3)
  assert.deepEqual(validateSearchConfig(JSON.parse(text)), search)
})

test('a config without a task is a classifier’s', () => {
  const { task, ...old } = smallSearch()
  assert.deepEqual(validateSearchConfig(old), { ...old, task: 'classify' })
})

test('a task has its own evaluator and cells', () => {
  const search = (
    task: string,
    kind: 'train' | 'reconstruct',
    longer: 'train' | 'reconstruct',
    space: object,
  ) => {
    const evaluators = {
      train: trainRecipe(autoencoderSpace),
      reconstruct: reconstructRecipe(autoencoderSpace),
    }
    const retrain = { count: 1, ranksChecked: 0, evaluator: evaluators[longer] }
    return { ...smallSearch(), task, space, evaluator: evaluators[kind], retrain }
  }
  const good = search('autoencode', 'reconstruct', 'reconstruct', autoencoderSpace)
  assert.deepEqual(validateSearchConfig(JSON.parse(JSON.stringify(good))), good)
  for (const [wrong, message] of [
    [
      search('classify', 'reconstruct', 'train', paperSpace),
      '"evaluator.kind" is reconstruct, which is not an evaluator of the task classify',
    ],
    [
      search('autoencode', 'reconstruct', 'train', autoencoderSpace),
      '"retrain.evaluator.kind" is train, which is not an evaluator of the task autoencode',
    ],
    [
      search('autoencode', 'reconstruct', 'reconstruct', paperSpace),
      '"space.cells" is normal, reduction, but an autoencoder has normal, reduction, expansion',
    ],
  ] as [object, string][])
    assert.throws(() => validateSearchConfig(wrong), { name: 'UserError', message })
  for (const [path, value] of [
    ['evaluator.sizes.stages', 0],
    ['evaluator.sizes.batchNorm.decay', 1],
    ['evaluator.run.task', 'classification'],
    ['task', 'paint'],
  ] as [string, unknown][])
    assert.throws(
      () => validateSearchConfig(change(structuredClone(good), path, value)),
      (error: Error) => error.message.startsWith(`"${path}`),
      path,
    )
})

/** Sets the field at `path`, such as `reward.target`; undefined removes it. */
function change(config: object, path: string, value: unknown): object {
  const names = path.split('.')
  const last = names.pop()!
  const owner = names.reduce<Record<string, unknown>>(
    (object, name) => object[name] as Record<string, unknown>,
    config as Record<string, unknown>,
  )
  if (value === undefined) delete owner[last]
  else owner[last] = value
  return config
}

test('what is wrong is told with its field', () => {
  for (const [path, value] of [
    ['name', ''],
    ['seed', -1],
    ['seed', 2 ** 32],
    ['space.blocks', 0],
    ['space.operations', []],
    ['strategy.kind', 'luck'],
    ['strategy.population', 1],
    ['strategy.sample', 0],
    ['strategy.identity', 1],
    ['strategy.options', {}],
    ['evaluator.kind', 'guess'],
    ['evaluator.imageSize', 7],
    ['evaluator.trainImages', 0],
    ['evaluator.validationImages', 1.5],
    ['evaluator.latency', 'yes'],
    ['evaluator.stopBelow', 1.1],
    ['evaluator.run.batchSize', 0],
    ['evaluator.run.length.amount', 0.5],
    ['evaluator.run.model.cells', 0],
    ['retrain.evaluator.run.length.amount', 0.5],
    ['evaluator.weights', 'file'],
    ['reward.cost', 'parameters'],
    ['reward.target', 0],
    ['reward.exponent', 0.07],
    ['budget.kind', 'seasons'],
    ['budget.amount', 0],
    ['budget.amount', 2.5],
    ['retrain.count', -1],
    ['retrain.ranksChecked', 0.5],
    ['retrain.evaluator.kind', 'shared'],
    ['retrain', 3],
    ['retrain', undefined],
    ['mood', 'good'],
  ] as [string, unknown][])
    assert.throws(
      () => validateSearchConfig(change(smallSearch(), path, value)),
      (error: Error) => error.name === 'UserError' && error.message.startsWith(`"${path}`),
      path,
    )
  for (const [path, value] of [
    ['evaluator.weights', ''],
    ['evaluator.warmUp.rounds', 0],
    ['evaluator.warmUp.sideBySide', 65],
    ['evaluator.warmUp.rate', 0],
    ['evaluator.warmUp.rate', 1.1],
    ['evaluator.stopBelow', 0.1],
  ] as [string, unknown][])
    assert.throws(
      () => validateSearchConfig(change(smallSearch('shared'), path, value)),
      (error: Error) => error.message.startsWith(`"${path}"`),
      path,
    )
  // As read from a file: the spaces are not one object.
  for (const path of ['retrain.evaluator', 'evaluator']) {
    const unshared = JSON.parse(JSON.stringify(smallSearch()))
    assert.throws(() => validateSearchConfig(change(unshared, `${path}.space.blocks`, 4)), {
      name: 'UserError',
      message: `"${path}.space" is not the same as "space"; make both alike`,
    })
  }
  for (const none of [null, 3, [], 'search']) assert.throws(() => validateSearchConfig(none), /an object/)
})
