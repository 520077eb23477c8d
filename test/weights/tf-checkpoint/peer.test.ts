/** Checkpoints beside TensorFlow itself, where $PYTHON or python3 can import it. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'
import { sfc32 } from '../../../src/shared/random.js'
import { openTfCheckpoint } from '../../../src/weights/tf-checkpoint/open-checkpoint.js'
import { writeTfCheckpoint } from '../../../src/weights/tf-checkpoint/write-checkpoint.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'

const run = promisify(execFile)
const python = process.env.PYTHON ?? 'python3'
const found = await run(python, ['-c', 'import tensorflow']).then(
  () => true,
  () => false,
)

/** Runs a script with these arguments; numpy, TensorFlow and its TF1 operations are imported. */
async function tensorflow(script: string, ...args: string[]): Promise<string> {
  const head = 'import sys\nimport numpy as np\nimport tensorflow as tf\nv1 = tf.compat.v1\n'
  const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3' }
  return (await run(python, ['-c', head + script, ...args], { env, maxBuffer: 2 ** 26 })).stdout
}

/** Values that both sides can make: element i of tensor n. */
const valueAt = (n: number, i: number): number => ((n * 31 + i * 7) % 1009) / 8
const VALUES = 'value = lambda n, size: (((n * 31 + np.arange(size) * 7) % 1009) / 8).astype(np.float32)\n'

describe('checkpoints beside TensorFlow', { skip: !found && 'Python’s tensorflow is not installed' }, () => {
  it('TensorFlow reads what is written here, by names and by a Saver', async (t) => {
    const folder = await temporaryFolder(t)
    const random = sfc32(1)
    const tensors = Array.from({ length: 5000 }, (_, n) => {
      const shape = [[], [3], [2, 0], [1, 2, 3, 4], [40, 50]][Math.floor(random() * 5)]
      const length = shape.reduce((size, side) => size * side, 1)
      return {
        name: `cell_${n}/größe/weights_${n}`,
        shape,
        data: Float32Array.from({ length }, (_, i) => valueAt(n, i)),
      }
    })
    const prefix = join(folder, 'model.ckpt')
    await writeTfCheckpoint(prefix, tensors)
    await writeTfCheckpoint(join(folder, 'saver.ckpt'), [
      { name: 'a/weights', shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) },
    ])
    const script = `${VALUES}
reader = tf.train.load_checkpoint(sys.argv[1])
names = reader.get_variable_to_shape_map()
for name, shape in names.items():
    n = int(name.rsplit("_", 1)[1])
    tensor = reader.get_tensor(name)
    assert tensor.dtype == np.float32 and list(tensor.shape) == list(shape)
    assert np.array_equal(tensor.ravel(), value(n, tensor.size)), name
with tf.Graph().as_default(), v1.Session() as session:
    variable = v1.get_variable("a/weights", [2, 3])
    v1.train.Saver().restore(session, sys.argv[2])
    print(len(names), session.run(variable).tolist())`
    const answer = await tensorflow(script, prefix, join(folder, 'saver.ckpt'))
    assert.equal(answer.trim(), '5000 [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]')
  })

  for (const version of [1, 2])
    it(`many variables of TensorFlow are read here, format ${version}`, async (t) => {
      const prefix = join(await temporaryFolder(t), 'model.ckpt')
      const script = `${VALUES}
shapes = [[], [3], [1, 2, 3, 4], [40, 50], [300, 400]]
names = [f"cell_{n}/weights" for n in range(3000)]
tensors = [value(n, int(np.prod(shapes[n % 5 if n % 100 else 4]))).reshape(shapes[n % 5 if n % 100 else 4])
           for n in range(3000)]
places = [""] * 3000
if sys.argv[2] == "1":
    tf.raw_ops.SaveSlices(filename=sys.argv[1], tensor_names=names, shapes_and_slices=places, data=tensors)
else:
    tf.raw_ops.SaveV2(prefix=sys.argv[1], tensor_names=names, shape_and_slices=places, tensors=tensors)`
      await tensorflow(script, prefix, String(version))
      const source = await openTfCheckpoint(prefix)
      assert.equal(source.tensors.size, 3000)
      for (const { name, shape } of source.tensors.values()) {
        const n = Number(/\d+/.exec(name)![0])
        assert.deepEqual(shape, [[], [3], [1, 2, 3, 4], [40, 50], [300, 400]][n % 100 === 0 ? 4 : n % 5])
        const length = shape.reduce((size, side) => size * side, 1)
        assert.deepEqual(
          await source.read(name),
          Float32Array.from({ length }, (_, i) => valueAt(n, i)),
          name,
        )
      }
      await source.close()
    })

  it('a Saver’s folder with partitioned variables and a training state is read here', async (t) => {
    const folder = await temporaryFolder(t)
    const script = `
with tf.Graph().as_default(), v1.Session() as session:
    step = v1.train.get_or_create_global_step()
    parts = v1.get_variable("parts", [100, 3], partitioner=v1.fixed_size_partitioner(7))
    weights = v1.get_variable("weights", [4], initializer=v1.constant_initializer(2))
    loss = tf.reduce_sum(weights**2) + tf.reduce_sum(tf.convert_to_tensor(parts) ** 2)
    averages = tf.train.ExponentialMovingAverage(0.5)
    train = v1.train.MomentumOptimizer(0.25, 0.9).minimize(loss, step, [weights])
    with tf.control_dependencies([train]):
        update = averages.apply([weights])
    session.run(v1.global_variables_initializer())
    session.run(update)
    v1.train.Saver().save(session, sys.argv[1] + "/model.ckpt", global_step=step)
    np.asarray(session.run(tf.convert_to_tensor(parts))).tofile(sys.argv[1] + "/parts.bin")`
    await tensorflow(script, folder)
    const source = await openTfCheckpoint(folder)
    const names = ['global_step', 'parts', 'weights', 'weights/ExponentialMovingAverage', 'weights/Momentum']
    assert.deepEqual([...source.tensors.keys()], names)
    assert.deepEqual(await source.read('global_step'), Float32Array.of(1))
    assert.deepEqual(
      await source.read('weights/ExponentialMovingAverage'),
      Float32Array.of(1.5, 1.5, 1.5, 1.5),
    )
    const bytes = await readFile(join(folder, 'parts.bin'))
    assert.deepEqual(Buffer.from((await source.read('parts')).buffer), Buffer.from(bytes))
    await source.close()
  })
})
