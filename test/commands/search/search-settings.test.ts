import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { trainedForOf } from '../../../src/search/evaluate/shared-weights-file.js'
import { paperSpace } from '../../../src/search/space/space.js'
import { evolutionFor } from '../../../src/search/strategy/evolution.js'
import { paperController, smallController } from '../../../src/search/strategy/ppo-options.js'

import { searchConfigFrom as configOf } from '../../helpers/commands/search-config.js'

test('without flags: PPO on CIFAR-10 with shared weights, of which the best three are trained longer', () => {
  const config = configOf('')
  assert.equal(config.name, 'mine')
  assert.deepEqual(config.space, paperSpace)
  assert.deepEqual(config.strategy, { kind: 'ppo', options: smallController })
  assert.deepEqual(config.budget, { kind: 'children', amount: 200 })
  assert.deepEqual(config.reward, { cost: null, target: 1, exponent: 0 })
  const { evaluator } = config
  assert.ok(evaluator.kind === 'shared')
  assert.equal(evaluator.weights, 'shared-weights.safetensors')
  assert.deepEqual([evaluator.run.data.name, evaluator.run.data.validation], ['cifar10', 5000])
  assert.equal(config.retrain?.count, 3)
  assert.deepEqual(config.retrain.evaluator.run.data, evaluator.run.data)
})

test('autoencoders: three cells, each child trained on its own, the best three of them longer', () => {
  const config = configOf('--task autoencode')
  assert.deepEqual([config.task, configOf('').task], ['autoencode', 'classify'])
  assert.deepEqual(config.space, { ...paperSpace, cells: ['normal', 'reduction', 'expansion'] })
  const { evaluator, retrain } = config
  assert.ok(evaluator.kind === 'reconstruct' && retrain?.evaluator.kind === 'reconstruct')
  const { sizes } = evaluator
  assert.deepEqual(retrain.evaluator.sizes, sizes)
  assert.equal(retrain.count, 3)
  // The code holds a third of an image's numbers.
  const side = evaluator.imageSize! / 2 ** sizes.stages
  assert.equal((side * side * sizes.codeChannels) / (evaluator.imageSize! ** 2 * 3), 1 / 3)
  assert.deepEqual(configOf('--task autoencode --evaluator train'), config)
  for (const flag of ['--evaluator shared', '--weights file', '--warm-up 3'])
    assert.throws(
      () => configOf(`--task autoencode ${flag}`),
      /^UserError: Autoencoders have no shared weights: .*leave out --evaluator shared, --weights and --warm-up$/,
      flag,
    )
})

/** A value for each field, such as `evaluator.run.seed`, that differs between two configs. */
function differences(before: unknown, after: unknown, path = ''): Record<string, unknown> {
  const isObject = (value: unknown): value is object =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
  if (!isObject(before) || !isObject(after))
    return JSON.stringify(before) === JSON.stringify(after) ? {} : { [path]: after }
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  const entries = names.map((name) => {
    const [a, b] = [before, after].map((object) => (object as Record<string, unknown>)[name])
    return differences(a, b, path === '' ? name : `${path}.${name}`)
  })
  return Object.assign({}, ...entries)
}

test('each flag changes its setting and nothing else', () => {
  const both = (field: string, value: unknown) => ({
    [`evaluator.${field}`]: value,
    [`retrain.evaluator.${field}`]: value,
  })
  for (const [evaluator, task] of [
    ['train', 'classify'],
    ['shared', 'classify'],
    ['train', 'autoencode'],
  ]) {
    const without = `--strategy random --evaluator ${evaluator} --task ${task}`
    for (const [line, change] of [
      ['--data embedded', { ...both('run.data.name', 'embedded'), ...both('run.data.validation', 1000) }],
      ['--data-dir /data', both('run.data.folder', '/data')],
      ['--seed 9', { seed: 9, ...both('run.seed', 9) }],
      ['--budget 7', { 'budget.amount': 7 }],
      ['--budget 2m', { 'budget.kind': 'seconds', 'budget.amount': 120 }],
      ['--blocks 3', { 'space.blocks': 3, ...both('space.blocks', 3) }],
      ['--top 5', { 'retrain.count': 5 }],
      ['--top 0', { retrain: null }],
      ['--check-ranks 20', { 'retrain.ranksChecked': 20 }],
      [
        '--retrain-epochs 2',
        {
          ...(task === 'autoencode' && { 'retrain.evaluator.run.length.kind': 'epochs' }),
          'retrain.evaluator.run.length.amount': 2,
        },
      ],
      ['--retrain-images 900', { 'retrain.evaluator.trainImages': 900 }],
      ['--train-images 64', { 'evaluator.trainImages': 64 }],
      ['--validation-images 50', { 'evaluator.validationImages': 50 }],
      ['--image-size 24', both('imageSize', 24)],
      ['--epochs 4', lengths(task, evaluator, 'epochs', 4)],
      ['--steps 9', lengths(task, evaluator, 'steps', 9)],
      ['--batch-size 48', both('run.batchSize', 48)],
      [
        '--target-multiply-adds 15e6',
        { 'reward.cost': 'multiplyAdds', 'reward.target': 15e6, 'reward.exponent': -0.07 },
      ],
      [
        '--target-latency 2.5',
        {
          'reward.cost': 'latencyMillis',
          'reward.target': 2.5,
          'reward.exponent': -0.07,
          'evaluator.latency': true,
        },
      ],
    ] as [string, Record<string, unknown>][])
      assert.deepEqual(differences(configOf(without), configOf(`${without} ${line}`)), change, line)
  }
  const shared = configOf('')
  assert.deepEqual(differences(shared, configOf('--warm-up 12')), { 'evaluator.warmUp.rounds': 12 })
  assert.deepEqual(differences(shared, configOf('--weights w')), { 'evaluator.weights': resolve('w') })
})

test('with weights of another search, children are measured on images that these were not trained on', () => {
  const shared = configOf('--seed 5').evaluator
  assert.ok(shared.kind === 'shared')
  const given = { ...trainedForOf(shared), warmUp: { rounds: 7, sideBySide: 1, rate: 0.9 } }
  const config = configOf('--seed 9 --weights w', given)
  assert.equal(config.seed, 9)
  const { evaluator } = config
  assert.ok(evaluator.kind === 'shared')
  assert.deepEqual(trainedForOf(evaluator), given)
})

/** Classifiers of their own weights are trained for epochs, others for steps. */
const lengths = (task: string, evaluator: string, kind: string, amount: number): Record<string, unknown> => ({
  ...((evaluator === 'train' && task === 'classify') !== (kind === 'epochs') && {
    'evaluator.run.length.kind': kind,
  }),
  'evaluator.run.length.amount': amount,
})

test('of data sets without a number of their own, as many images are held out as are measured on', () => {
  const { evaluator, retrain } = configOf('--data pictures --validation-images 16')
  for (const { run } of [evaluator, retrain!.evaluator]) assert.equal(run.data.validation, 16)
})

test("the strategy's settings follow from the budget", () => {
  const strategy = (line: string) => configOf(line).strategy
  assert.deepEqual(strategy('--strategy random'), { kind: 'random' })
  assert.deepEqual(strategy('--strategy evolution --budget 3'), { kind: 'evolution', ...evolutionFor(3) })
  assert.deepEqual(strategy('--strategy evolution --budget 2h'), { kind: 'evolution', ...evolutionFor(1200) })
  assert.deepEqual(strategy('--budget 4999'), { kind: 'ppo', options: smallController })
  assert.deepEqual(strategy('--budget 5000'), { kind: 'ppo', options: paperController })
  assert.deepEqual(strategy('--budget 1d'), { kind: 'ppo', options: paperController })
})
