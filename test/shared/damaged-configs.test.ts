/** Whatever happens to one field of a config, the config is refused with a sentence that names the field. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { validateSearchConfig } from '../../src/search/config.js'
import { reconstructRecipe } from '../../src/search/evaluate/recipes.js'
import { autoencoderSpace } from '../../src/search/space/space.js'
import { smallController } from '../../src/search/strategy/ppo-options.js'
import { validateConfig } from '../../src/train/classification/config.js'
import { presets } from '../../src/train/classification/presets.js'
import { validateDetectorConfig } from '../../src/train/detection/config.js'
import { detectorPresets } from '../../src/train/detection/presets.js'
import { smallSearch } from '../helpers/search/small-search.js'

type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

/** A change of one field: the path, and what is put there (undefined: the field is removed). */
interface Damage {
  path: (string | number)[]
  value: Json | undefined
}

/** Fields that may be missing: they have a default, or are noted when a run begins. */
const MAY_BE_MISSING = new Set([
  ...['task', 'colour', 'fingerprint', 'output', 'stridedPools', 'preprocessing'],
  ...['accumulate', 'augmentation.kind', 'shuffleBuffer', 'skipUnreadable'],
  ...['stemPadding', 'rpnActivation', 'clipAnchors', 'clipBoxes', 'cropping'],
  ...['pyramid', 'anchorScales', 'canonicalSize', 'keep', 'earlyStopping'],
  ...['validationFraction', 'freeze', 'layerDecay', 'mixup', 'cutmix', 'balance', 'randaugment'],
  ...['boxLoss', 'classAgnostic', 'mosaic', 'multiScaleUntil', 'checkMinutes', 'skipPooling'],
])
/** Numbers that may be as low as one likes. */
const UNBOUNDED = new Set(['exponent', 'id'])

/** What does not belong where `value` is. */
function wrongOnes(path: Damage['path'], value: Json): (Json | undefined)[] {
  const name = path.at(-1)!
  const missing =
    typeof name === 'number' || MAY_BE_MISSING.has(name) || MAY_BE_MISSING.has(path.join('.'))
      ? []
      : [undefined]
  if (value === null) return [...missing, true]
  if (typeof value === 'boolean') return [...missing, 'yes', 0, null, {}]
  if (typeof value === 'string') return [...missing, 7, true, '', [], {}]
  if (typeof value === 'number')
    return [...missing, 'seven', true, [], {}, ...(UNBOUNDED.has(String(name)) ? [] : [-1e9])]
  return [...missing, 7, true, 'text', Array.isArray(value) ? {} : []]
}

function damagesOf(value: Json, path: Damage['path'] = []): Damage[] {
  const here = path.length === 0 ? [] : wrongOnes(path, value).map((wrong) => ({ path, value: wrong }))
  if (typeof value !== 'object' || value === null) return here
  if (Array.isArray(value)) return [...here, ...value.flatMap((item, at) => damagesOf(item, [...path, at]))]
  // Fields that are not a genotype's are left out of it.
  const isGenotype = 'normal' in value && 'reduction' in value
  const further = isGenotype ? [] : [{ path: [...path, 'extraneous'], value: 1 as Json }]
  return [
    ...here,
    ...further,
    ...Object.entries(value).flatMap(([key, item]) => damagesOf(item, [...path, key])),
  ]
}

function damaged(config: Json, { path, value }: Damage): Json {
  const copy = structuredClone(config)
  const owner = path.slice(0, -1).reduce<Json>((part, key) => (part as never)[key], copy)
  if (value === undefined) delete (owner as never)[path.at(-1)!]
  else (owner as Record<string, Json>)[path.at(-1)!] = value
  return copy
}

/** Without the place in a list at its end: a list of states is refused as a whole. */
const nameOf = (path: Damage['path']): string =>
  (typeof path.at(-1) === 'number' ? path.slice(0, -1) : path)
    .map((key, at) => (typeof key === 'number' ? `[${key}]` : at === 0 ? key : `.${key}`))
    .join('')

const autoencoders = {
  ...smallSearch(),
  task: 'autoencode',
  space: autoencoderSpace,
  strategy: { kind: 'ppo', options: smallController },
  evaluator: reconstructRecipe(autoencoderSpace),
  retrain: null,
}

for (const [kind, configs, validate] of [
  ['classifier', Object.values(presets), validateConfig],
  ['detector', Object.values(detectorPresets), validateDetectorConfig],
  ['search', [smallSearch(), smallSearch('shared'), autoencoders], validateSearchConfig],
] as [string, unknown[], (config: unknown) => unknown][])
  test(`one damaged field of a ${kind}’s config is always named`, () => {
    for (const config of configs) {
      const whole = JSON.parse(JSON.stringify(config)) as Json
      validate(whole)
      const property = fc.property(fc.constantFrom(...damagesOf(whole)), (damage) => {
        assert.throws(
          () => validate(damaged(whole, damage)),
          (error: Error) => error.name === 'UserError' && error.message.startsWith(`"${nameOf(damage.path)}`),
        )
      })
      fc.assert(property, { numRuns: 400 })
    }
  })
