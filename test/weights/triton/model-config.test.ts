/** What is written for Triton, against NVIDIA's own schema; and what is read of graphs, against ONNX Runtime. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { openSession } from '../../../src/runtime/session.js'
import type { ModelCard } from '../../../src/shared/model-card.js'
import { packageRoot } from '../../../src/shared/package-root.js'
import { modelConfig } from '../../../src/weights/triton/model-config.js'
import { type Signature, signatureOf } from '../../../src/weights/triton/signature.js'
import { golden as servedModel } from '../../helpers/serve/support.js'

const labels = ['dai"sy', 'Löwe\\n', 'rose']
const golden = (name: string) =>
  readFile(join(packageRoot(), 'test/weights/triton/golden', `${name}.pbtxt`), 'utf8')
const [FLOAT, UINT8, INT32] = [1, 2, 6]

const models: Record<string, { name: string; card: ModelCard; signature: Signature }> = {
  classifier: {
    name: 'flowers.v1',
    card: {
      ...{ task: 'classification', name: 'small', labels, inputSize: [24, 32], preprocessing: 'cover' },
      about: { steps: 3 },
    },
    signature: {
      inputs: [{ name: 'images', elementType: UINT8, dims: [-1, 24, 32, 3] }],
      outputs: [{ name: 'probabilities', elementType: FLOAT, dims: [-1, 3] }],
    },
  },
  detector: {
    name: 'found',
    card: {
      ...{ task: 'detection', name: 'finder', labels, inputSize: [48, 64], resize: 'letterbox' },
      ...{ categoryIds: [4, 5, 9], about: {} },
    },
    signature: {
      inputs: [{ name: 'images', elementType: UINT8, dims: [1, 48, 64, 3] }],
      outputs: [
        { name: 'boxes', elementType: FLOAT, dims: [1, 7, 4] },
        { name: 'scores', elementType: FLOAT, dims: [1, 7] },
        { name: 'classes', elementType: INT32, dims: [1, 7] },
      ],
    },
  },
}

describe('config.pbtxt', () => {
  for (const [task, { name, card, signature }] of Object.entries(models))
    it(`of a ${task} is as NVIDIA’s schema writes it`, async () => {
      assert.equal(modelConfig(name, card, signature), await golden(task))
    })

  it('is refused for element types that no export has', () => {
    const { name, card, signature } = models.classifier
    const doubles = { ...signature, outputs: [{ name: 'probabilities', elementType: 11, dims: [-1, 3] }] }
    assert.throws(() => modelConfig(name, card, doubles), /"probabilities" has the element type 11/)
  })
})

describe('inputs and outputs of a graph', () => {
  const NUMBERS: Record<string, number> = { float32: FLOAT, uint8: UINT8, int32: INT32, int64: 7 }

  for (const file of ['quadrants.onnx', 'no-batch.onnx', 'detector.onnx', 'int64-classes.onnx'])
    it(`of ${file} are those that ONNX Runtime finds`, async () => {
      const bytes = await readFile(servedModel(file))
      const session = await openSession(bytes)
      const { inputs, outputs } = session.signature
      await session.close()
      const seen = ({ name, type, shape }: (typeof inputs)[number]) => ({
        name,
        elementType: NUMBERS[type!],
        dims: shape.map((size) => (typeof size === 'string' || size < 0 ? -1 : size)),
      })
      assert.deepEqual(signatureOf(bytes), { inputs: inputs.map(seen), outputs: outputs.map(seen) })
    })
})
