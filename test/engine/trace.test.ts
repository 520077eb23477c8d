import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as tf from '@tensorflow/tfjs'
import { loweredKernels } from '../../src/engine/compile.js'
import { blockSize, compile, trace } from '../../src/engine/index.js'
import { RULES } from '../../src/engine/trace/kernels.js'

test('every kernel that can be recorded can be lowered, and the reverse', () => {
  assert.deepEqual(loweredKernels().sort(), Object.keys(RULES).sort())
})

test('asking a traced tensor for its numbers is refused in words', () => {
  assert.throws(
    () => trace((tracer) => ({ y: tf.scalar(tracer.input('x', []).dataSync()[0]) })),
    /there are none while a graph is recorded/,
  )
})

test('a tensor from outside of the trace is refused in words', async () => {
  await tf.setBackend('cpu')
  const outside = tf.tensor1d([1, 2])
  assert.throws(
    () => trace((tracer) => ({ y: tf.add(tracer.input('x', [2]), outside) })),
    /made outside of the trace .* pass it as an input/,
  )
})

test('the backend that was set is set again, after errors too', async () => {
  await tf.setBackend('cpu')
  assert.throws(() =>
    trace(() => {
      throw new Error('from within')
    }),
  )
  assert.equal(tf.getBackend(), 'cpu')
  assert.deepEqual(Array.from(tf.add(tf.tensor1d([1, 2]), 1).dataSync()), [2, 3])
})

test('what is computed twice is recorded once, and what nobody needs is not in the graph', () => {
  const traced = trace((tracer) => {
    const x = tracer.input('x', [2, 3])
    tf.exp(x)
    return { y: tf.add(tf.relu(x), tf.relu(x)) }
  })
  const kernels = traced.recording.operations.map(({ kernel }) => kernel)
  assert.deepEqual(kernels.sort(), ['Add', 'Exp', 'Relu'])
  // Relu, Add, and the Identity that names the output.
  assert.equal(compile(traced).nodes, 3)
})

test('two inputs of one name are refused', () => {
  assert.throws(
    () => trace((tracer) => ({ y: tf.add(tracer.input('x', [1]), tracer.input('x', [1])) })),
    /two graph inputs are named "x"/,
  )
})

test('sums and ReLUs vanish into the blocked convolution before them', async (t) => {
  const block = await blockSize()
  if (block === 0) return t.skip('this processor has no blocked kernels')
  const nodes = (f: (y: tf.Tensor4D, z: tf.Tensor4D) => tf.Tensor) =>
    compile(
      trace((tracer) => {
        const x = tracer.input('x', [1, 8, 8, block]) as tf.Tensor4D
        const conv = (name: string) =>
          tf.conv2d(x, tracer.input(name, [3, 3, block, block]) as tf.Tensor4D, 1, 'same')
        return { y: f(conv('f'), conv('g')) }
      }),
      { block },
    ).nodes
  const both = nodes((y, z) => tf.concat([y, z], 3))
  // The concatenation gives way to the sum, which costs nothing: one node less, and with a ReLU no more.
  assert.equal(
    nodes((y, z) => tf.add(y, z)),
    both - 1,
  )
  assert.equal(
    nodes((y, z) => tf.relu(tf.add(y, z))),
    both - 1,
  )
})

test('the block is a power of two or none', async () => {
  assert.ok([0, 4, 8, 16].includes(await blockSize()))
})
