/** The order of Keras's layers, on which the meaning of its weight files depends. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { it } from 'node:test'
import { type NasnetConfig, PRESETS } from '../../models/index.js'
import { kerasLayerOrder } from '../../src/weights/names/keras-order.js'
import { goldenNames } from '../helpers/weights/golden-names.js'
import { networkParameters } from '../helpers/weights/networks.js'

function order(config: NasnetConfig, inputSize: number): string[] {
  const parameters = networkParameters({ ...config, auxiliaryHead: false }, inputSize)
  return kerasLayerOrder(config, new Set(parameters.map(({ path }) => path))).map(({ name }) => name)
}

const { networks, cases } = goldenNames('keras')

for (const arch of ['nasnet-a-mobile', 'nasnet-a-large'] as const)
  it(`the layers of ${arch} are in the order of Keras's model`, () => {
    const { config, inputSize } = PRESETS[arch]
    const lines = order(config, inputSize).join('\n')
    assert.equal(createHash('sha256').update(lines).digest('hex'), networks[arch].order)
  })

for (const [name, { size, tensors }] of Object.entries(cases))
  it(`the layers of a small network are in that order: ${name}`, () => {
    const skipping = name === 'skipping'
    const { config } = PRESETS[skipping ? 'nasnet-a-large' : 'nasnet-a-mobile']
    const small = { ...config, cells: skipping ? 1 : 2, filters: 8, stemFilters: 8, classes: 7 }
    const layers = new Set(Object.keys(tensors).map((tensor) => tensor.split('/')[0]))
    assert.deepEqual(order(small, size), [...layers])
  })
