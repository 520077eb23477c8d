/**
 * Names, shapes and answers of the programs that the weights come from: golden/make_slim.py, make_keras.py and
 * make_timm.py have run these programs.
 */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { type NasnetConfig, PRESETS, type PresetName } from '../../models/index.js'
import { type Tensor, writeSafetensors } from '../../src/shared/safetensors.js'
import type { ModelConfig } from '../../src/train/settings/config.js'
import { foreignShape, toForeign } from '../../src/weights/convert/axes.js'
import { importWeights } from '../../src/weights/convert/import-weights.js'
import type { Architecture } from '../../src/weights/convert/imported-config.js'
import type { Dialect } from '../../src/weights/names/dialect.js'
import { DIALECTS } from '../../src/weights/names/dialects.js'
import { temporaryFolder } from '../helpers/temporary-folder.js'
import { goldenNames } from '../helpers/weights/golden-names.js'
import { exportedAnswer, largestDifference, logitsOf, softmax } from '../helpers/weights/imported-run.js'
import { networkParameters } from '../helpers/weights/networks.js'
import { parameterValues, pictureBytes } from '../helpers/weights/numbers.js'

/** Which network of the toolkit each case is. */
const NETWORKS: Record<string, Record<string, Architecture>> = {
  slim: {
    imagenet: { arch: 'nasnet-a-mobile', changes: { cells: 1, filters: 8 } },
    'imagenet, two cells, skipping': {
      arch: 'nasnet-a-large',
      changes: { cells: 2, filters: 8, stemFilters: 8 },
    },
    cifar: { arch: 'nasnet-a-cifar', changes: { cells: 1, filters: 8 } },
  },
  keras: {
    skipping: {
      arch: 'nasnet-a-large',
      changes: { cells: 1, filters: 8, stemFilters: 8, stridedPools: 'keras' },
    },
    'two cells': {
      arch: 'nasnet-a-mobile',
      changes: { cells: 2, filters: 8, stemFilters: 8, stridedPools: 'keras' },
    },
  },
  timm: {
    '1001 classes': { arch: 'nasnet-a-large', changes: { filters: 8, stemFilters: 8, stridedPools: 'timm' } },
  },
}

/** As Python prints a list of tensors. */
function digest(dialect: Dialect, config: NasnetConfig, inputSize: number) {
  const parameters = networkParameters(config, inputSize)
  const find = dialect.tensors(
    parameters.map(({ path }) => path),
    config,
  )
  const lines = parameters.map(({ path, shape }) => {
    const { name, axes } = find(path)!
    return `${name} [${foreignShape(shape, axes).join(', ')}]`
  })
  return { tensors: lines.length, sha256: createHash('sha256').update(lines.sort().join('\n')).digest('hex') }
}

for (const program of ['slim', 'keras', 'timm'] as const) {
  const { networks, cases } = goldenNames(program)
  const dialect = DIALECTS[program]

  describe(`${dialect.title}’s networks`, () => {
    for (const [arch, { tensors, sha256 }] of Object.entries(networks))
      it(`${arch} has the same tensors`, () => {
        const { config, inputSize } = PRESETS[arch as PresetName]
        // The background is a class there; the auxiliary head is TF-Slim's alone.
        const classes = program === 'slim' && config.stem === 'imagenet' ? 1001 : config.classes
        const network = { ...config, classes, auxiliaryHead: program === 'slim' }
        assert.deepEqual(digest(dialect, network, inputSize), { tensors, sha256 })
      })

    for (const [name, { size, tensors, logits }] of Object.entries(cases))
      it(`${name}: imported weights answer the same`, async (t) => {
        const folder = await temporaryFolder(t)
        const file = join(folder, 'weights.safetensors')
        const find = dialect.tensors(
          Object.values(tensors).flatMap(([path]) => path ?? []),
          {
            ...PRESETS[NETWORKS[program][name].arch].config,
            ...(NETWORKS[program][name].changes as ModelConfig),
          },
        )
        const written = Object.entries(tensors).map(([tensor, [path, shape]]): [string, Tensor] => {
          if (path === null) return [tensor, { shape, data: new BigInt64Array([1n]) }]
          const { axes } = find(path)!
          const own = axes === undefined ? shape : axes.map((axis) => shape[axis])
          return [tensor, { shape, data: toForeign(parameterValues(path, own), own, axes) }]
        })
        await writeSafetensors(file, new Map(written), { checksum: false })
        const run = join(folder, 'run')
        const result = await importWeights([file], run, { ...NETWORKS[program][name], imageSize: size })
        const expected = logits.length === 1001 ? logits.slice(1) : logits
        assert.equal(result.classes, expected.length)
        const picture = pictureBytes(size)
        const got = await logitsOf(run, picture)
        const error = largestDifference(got, expected)
        assert.ok(
          error < 1e-4,
          `logits differ by ${error}: ${got.slice(0, 5)} instead of ${expected.slice(0, 5)}`,
        )
        const answer = await exportedAnswer(result.model!, picture)
        assert.ok(largestDifference(answer, softmax(expected)) < 1e-5, 'the exported model answers otherwise')
      })
  })
}
