/** What is exported for other programs and imported again is the same, bit for bit. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { newestCheckpoint } from '../../src/train/run/run-folder.js'
import { exportWeights, FORMATS, type FormatName } from '../../src/weights/convert/export-weights.js'
import { importWeights } from '../../src/weights/convert/import-weights.js'
import { temporaryFolder } from '../helpers/temporary-folder.js'
import { SMALL, tensorsOf, writeTensors } from '../helpers/weights/weight-files.js'

/** Formats that have the stem for small images. */
const WITH_CIFAR: FormatName[] = ['safetensors', 'tf-slim']

for (const [name, network] of Object.entries(SMALL))
  describe(`a ${name} network`, () => {
    for (const to of Object.keys(FORMATS) as FormatName[])
      it(`goes to ${to} and comes back`, async (t) => {
        const folder = await temporaryFolder(t)
        const first = join(folder, 'first')
        await importWeights(
          [await writeTensors(folder, tensorsOf({ ...network, classes: 1000 }, 'toolkit'))],
          first,
          network,
        )
        if (name === 'cifar' && !WITH_CIFAR.includes(to)) {
          await assert.rejects(exportWeights(first, to), /first cannot be written for .*"stem\/kernel"/)
          return
        }
        const { path, tensors } = await exportWeights(first, to)
        const again = join(folder, 'again')
        const result = await importWeights([path], again, network)
        assert.equal(result.tensors, tensors)
        assert.deepEqual(result.ignored, {})
        const [before, after] = [(await newestCheckpoint(first))!, (await newestCheckpoint(again))!]
        assert.deepEqual(after.layout, before.layout)
        for (const [vector, numbers] of Object.entries(before.state))
          assert.deepEqual(new Uint8Array(after.state[vector].buffer), new Uint8Array(numbers.buffer), vector)
      })
  })
