/** A detector's checkpoint as the Object Detection API names it becomes a run, or is refused. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { packageRoot } from '../../src/shared/package-root.js'
import { newestCheckpoint } from '../../src/train/run/run-folder.js'
import { readDetectorConfig } from '../../src/train/tasks.js'
import { type DetectorImportOptions, importDetector } from '../../src/weights/convert/import-detector.js'
import { importWeights } from '../../src/weights/convert/import-weights.js'
import { COCO_CATEGORIES } from '../../src/weights/names/coco-categories.js'
import type { NamedTensor } from '../../src/weights/source.js'
import { writeTfCheckpoint } from '../../src/weights/tf-checkpoint/write-checkpoint.js'
import { temporaryFolder } from '../helpers/temporary-folder.js'
import { parameterValues } from '../helpers/weights/numbers.js'
import { releasedTensors, releasedVariables } from '../helpers/weights/released-checkpoint.js'
import { SMALL, tensorsOf, writeTensors } from '../helpers/weights/weight-files.js'

const NETWORK = { cells: 1, filters: 8, stemFilters: 8, rpnFilters: 6, ids: 90 }
const SIZES = { cells: 1, filters: 8, stemFilters: 8 }
const OPTIONS: DetectorImportOptions = { changes: SIZES, inputSize: [64, 96], proposals: 4 }

const values = (name: string, { shape }: { shape: readonly number[] }) => parameterValues(name, shape)
const tensorsWith = (ids: number) => releasedTensors({ ...NETWORK, ids }, values)
const named = (name: string, length = 1): NamedTensor => ({
  name,
  shape: [length],
  data: new Float32Array(length),
})

/** Imports a checkpoint with these tensors. */
async function imported(
  t: TestContext,
  tensors: readonly NamedTensor[],
  options: DetectorImportOptions = OPTIONS,
) {
  const folder = await temporaryFolder(t)
  const file = join(folder, 'model.ckpt')
  await writeTfCheckpoint(file, tensors)
  const run = join(folder, 'run')
  return { folder, run, work: importDetector([file], run, options) }
}

async function refused(
  t: TestContext,
  words: RegExp,
  tensors: readonly NamedTensor[],
  options?: DetectorImportOptions,
): Promise<void> {
  const { run, work } = await imported(t, tensors, options)
  await assert.rejects(work, { name: 'UserError', message: words })
  assert.ok(!existsSync(run), 'something is left behind')
}

/** A parameter of the run, as rows of its last axis. */
async function rowsOf(run: string, path: string): Promise<number[][]> {
  const { layout, state } = (await newestCheckpoint(run))!
  const { vector, offset, size, shape } = layout.find((slot) => slot.path === path)!
  const width = shape.at(-1)!
  return Array.from({ length: size / width }, (_, row) =>
    Array.from(state[vector].subarray(offset + row * width, offset + (row + 1) * width)),
  )
}

describe('the released detector', () => {
  it('has the variables that its program says, by name and shape', () => {
    const golden = JSON.parse(
      readFileSync(join(packageRoot(), 'test/weights/golden/faster_rcnn_nas.json'), 'utf8'),
    )
    const large = { cells: 6, filters: 168, stemFilters: 96, rpnFilters: 512, ids: 90 }
    const lines = releasedVariables(large).map(({ name, spec }) => `${name} [${spec.shape.join(', ')}]`)
    const sha256 = createHash('sha256').update(lines.sort().join('\n')).digest('hex')
    assert.deepEqual({ tensors: lines.length, sha256 }, golden.released)
  })

  it('becomes a run of COCO’s 80 categories, with the other ids in the softmax alone', async (t) => {
    const extra = ['global_step', 'beta1_power', 'Conv/weights/Momentum', 'Conv/biases/Momentum']
    const tensors = tensorsWith(90)
    const { run, work, folder } = await imported(t, [...tensors, ...extra.map((name) => named(name))])
    const result = await work
    assert.deepEqual(result, {
      run,
      model: join(run, 'detector.onnx'),
      from: 'object-detection-api',
      classes: 80,
      tensors: tensors.length,
      ignored: {
        'state of the optimizer': 2,
        'the number of steps trained': 1,
        'notes of the training program': 1,
      },
    })
    const { data, detector, resize, inputSize, imported: note } = await readDetectorConfig(run)
    assert.deepEqual(data.categories, COCO_CATEGORIES)
    assert.deepEqual(
      [data.categories![11], data.categories![79]],
      [
        { id: 13, name: 'stop sign' },
        { id: 90, name: 'toothbrush' },
      ],
    )
    assert.equal(detector.roiHeads.spareClasses, 10)
    assert.deepEqual([detector.proposals.filters, detector.proposals.postNmsTopN], [6, 4])
    assert.deepEqual([resize, inputSize], ['stretch-tf1', [64, 96]])
    const file = join(folder, 'model.ckpt')
    assert.deepEqual(note, { program: 'object-detection-api', file, averages: false })

    const biases = parameterValues('SecondStageBoxPredictor/ClassPredictor/biases', [91])
    const [classes] = await rowsOf(run, 'regions/classes/bias')
    const unused = [12, 26, 29, 30, 45, 66, 68, 69, 71, 83]
    assert.deepEqual(
      classes,
      [0, ...COCO_CATEGORIES.map(({ id }) => id), ...unused].map((id) => biases[id]),
    )
    const encodings = parameterValues('SecondStageBoxPredictor/BoxEncodingPredictor/biases', [360])
    const [boxes] = await rowsOf(run, 'regions/boxes/bias')
    // The last class is id 90: ty, tx, th, tw there, x, y, width, height here.
    assert.deepEqual(
      boxes.slice(-4),
      [357, 356, 359, 358].map((place) => encodings[place]),
    )
    assert.equal(boxes.length, 320)
    const kernel = parameterValues('FirstStageBoxPredictor/ClassPredictor/weights', [1, 1, 6, 24])
    const objectness = await rowsOf(run, 'rpn/objectness/kernel')
    assert.deepEqual(objectness[5].slice(0, 2), [kernel[5 * 24 + 16], kernel[5 * 24 + 17]])
    const stages = {
      'stem/kernel': ['FirstStageFeatureExtractor/conv0/weights', [3, 3, 3, 8]],
      'cell_1/current/batch_norm/gamma': ['FirstStageFeatureExtractor/cell_1/beginning_bn/gamma', [16]],
      'cell_2/current/batch_norm/gamma': ['SecondStageFeatureExtractor/cell_2/beginning_bn/gamma', [32]],
    } as const
    for (const [path, [name, shape]] of Object.entries(stages))
      assert.deepEqual((await rowsOf(run, path)).flat(), Array.from(parameterValues(name, shape)), path)
  })

  it('takes the averages, unless --raw', async (t) => {
    const tensors = tensorsWith(3)
    const averages = tensors.map(({ name, shape, data }) => ({
      ...{ name: `${name}/ExponentialMovingAverage`, shape },
      data: data.map((x) => 2 * x),
    }))
    const biases = Array.from(parameterValues('SecondStageBoxPredictor/ClassPredictor/biases', [4]))
    for (const raw of [false, true]) {
      const { run, work } = await imported(t, [...tensors, ...averages], { ...OPTIONS, raw })
      await work
      const [found] = await rowsOf(run, 'regions/classes/bias')
      assert.deepEqual(found, raw ? biases : biases.map((x) => 2 * x))
      assert.equal((await readDetectorConfig(run)).imported?.averages, !raw)
    }
  })

  it('of other classes has the labels of a file, or numbers', async (t) => {
    const labels = join(await temporaryFolder(t), 'labels.txt')
    await writeFile(labels, 'ant\nbee\ncat\n')
    for (const [file, names] of [
      [undefined, ['class 1', 'class 2', 'class 3']],
      [labels, ['ant', 'bee', 'cat']],
    ] as const) {
      const { run, work } = await imported(t, tensorsWith(3), { ...OPTIONS, labels: file })
      await work
      const { data, detector } = await readDetectorConfig(run)
      assert.deepEqual(
        data.categories,
        names.map((name, i) => ({ id: i + 1, name })),
      )
      assert.ok(data.kind === 'coco' && data.validation === null)
      assert.equal(detector.roiHeads.spareClasses, undefined)
    }
    await refused(t, /has 3 lines, but the network has 4 classes/, tensorsWith(4), { ...OPTIONS, labels })
  })
})

describe('a detector’s import refuses', () => {
  it('missing, misshapen and surplus tensors', async (t) => {
    const tensors = tensorsWith(90)
    const [first, second, ...others] = tensors.filter(({ name }) => !name.includes('conv0'))
    const stem = tensors.filter(({ name }) => name.includes('conv0'))
    await refused(
      t,
      /1 tensor is missing: ".*" \[.*\]\n1 tensor is of another shape: ".*" is \[1\], but must be \[\d+\]\n1 tensor is left over: "extra" \[1\]\nChoose the --arch/,
      [...stem, ...others, named('extra'), { ...named(second.name), name: second.name }].filter(
        ({ name }) => name !== first.name,
      ),
    )
  })

  it('boxes of another number of classes than the classifier’s', (t) =>
    refused(
      t,
      /"SecondStageBoxPredictor\/BoxEncodingPredictor\/biases" is \[12\], but must be \[20\]/,
      tensorsWith(5).map((tensor) =>
        tensor.name === 'SecondStageBoxPredictor/BoxEncodingPredictor/biases'
          ? named(tensor.name, 12)
          : tensor,
      ),
    ))

  it('a network of another width or depth', async (t) => {
    const tensors = tensorsWith(3)
    await refused(t, /tensors are of another shape/, tensors, {
      ...OPTIONS,
      changes: { ...SIZES, filters: 12 },
    })
    await refused(t, /tensors are missing: /, tensors, { ...OPTIONS, changes: { ...SIZES, cells: 2 } })
  })

  it('numbers that are not finite, and sizes of which no detector is made', async (t) => {
    const tensors = tensorsWith(3)
    await refused(
      t,
      /"Conv\/biases" has numbers that are not finite/,
      tensors.map((tensor) =>
        tensor.name === 'Conv/biases' ? { ...tensor, data: tensor.data.map(() => Number.NaN) } : tensor,
      ),
    )
    await refused(t, /"inputSize\[0\]" is 16, but must be/, tensors, { ...OPTIONS, inputSize: [16, 64] })
  })

  it('a checkpoint that is cut short', async (t) => {
    const { folder, work } = await imported(t, tensorsWith(3))
    await work
    const data = join(folder, 'model.ckpt.data-00000-of-00001')
    await writeFile(data, readFileSync(data).subarray(0, 1000))
    const again = join(folder, 'again')
    await assert.rejects(importDetector([join(folder, 'model.ckpt')], again, OPTIONS), { name: 'UserError' })
    assert.ok(!existsSync(again))
  })

  it('a classifier’s weights, and the other way round', async (t) => {
    const folder = await temporaryFolder(t)
    const classifier = await writeTensors(folder, tensorsOf(SMALL.mobile, 'slim'))
    const run = join(folder, 'run')
    await assert.rejects(
      importDetector([classifier], run, OPTIONS),
      /holds a classifier's weights, as TF-Slim names them; choose a classifier's --arch, .* finetune-coco --backbone/,
    )
    const detector = join(folder, 'model.ckpt')
    await writeTfCheckpoint(detector, tensorsWith(3))
    await assert.rejects(
      importWeights([detector], run, { arch: 'nasnet-a-large' }),
      /holds the weights of a detector, .*; import it with --arch faster-rcnn-nas-coco/,
    )
    const other = join(folder, 'other.ckpt')
    await writeTfCheckpoint(other, [named('x')])
    await assert.rejects(
      importDetector([other], run, OPTIONS),
      /does not hold a detector .* its first of 1 tensors is "x"/,
    )
    assert.ok(!existsSync(run))
  })
})
