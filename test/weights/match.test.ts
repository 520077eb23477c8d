/** Every tensor is matched, ignored for a reason, or refused. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { readModelCard } from '../../src/shared/read-model.js'
import type { Tensor } from '../../src/shared/safetensors.js'
import { newestCheckpoint } from '../../src/train/run/run-folder.js'
import { readConfig } from '../../src/train/tasks.js'
import { type ImportOptions, importWeights } from '../../src/weights/convert/import-weights.js'
import type { DialectName } from '../../src/weights/names/dialect.js'
import { temporaryFolder } from '../helpers/temporary-folder.js'
import { parameterValues } from '../helpers/weights/numbers.js'
import { SMALL, type SmallNetwork, tensorsOf, writeTensors } from '../helpers/weights/weight-files.js'

const { mobile, cifar } = SMALL
type Change = (tensors: Map<string, Tensor>) => void

interface Case {
  program?: DialectName
  network?: SmallNetwork
  change?: Change
  options?: Partial<ImportOptions>
}

/** Imports the small mobile network with a change. */
async function imported(t: TestContext, { program = 'slim', network = mobile, change, options }: Case) {
  const folder = await temporaryFolder(t)
  const tensors = tensorsOf(network, program)
  change?.(tensors)
  const run = join(folder, 'run')
  const { arch, changes, imageSize } = network
  const work = importWeights([await writeTensors(folder, tensors)], run, {
    arch,
    changes,
    imageSize,
    ...options,
  })
  return { run, work }
}

async function refused(t: TestContext, words: RegExp, what: Case): Promise<void> {
  const { run, work } = await imported(t, what)
  await assert.rejects(work, { name: 'UserError', message: words })
  assert.ok(!existsSync(run), 'something is left behind')
}

/** A parameter in the run. */
async function parameter(run: string, path: string): Promise<Float32Array> {
  const { layout, state } = (await newestCheckpoint(run))!
  const { vector, offset, size } = layout.find((slot) => slot.path === path)!
  return state[vector].slice(offset, offset + size)
}

const number = (value: number): Tensor => ({ shape: [], data: Float32Array.of(value) })
const doubled = ({ shape, data }: Tensor): Tensor => ({
  shape,
  data: (data as Float32Array).map((x) => 2 * x),
})

describe('import-weights refuses', () => {
  it('missing tensors, and lists them', (t) =>
    refused(t, /1 tensor is missing: "conv0\/weights" \[3, 3, 3, 8\]/, {
      change: (tensors) => {
        tensors.set('l1_stem_3x3/weights', tensors.get('conv0/weights')!)
        tensors.delete('conv0/weights')
      },
    }))

  it('tensors that are left over, the first ten by name', (t) =>
    refused(t, /12 tensors are left over: "extra_0" \[\](, "extra_\d" \[\]){9}, …\nChoose/, {
      change: (tensors) => {
        for (let i = 0; i < 12; i++) tensors.set(`extra_${i}`, number(i))
      },
    }))

  it('tensors of another shape', (t) =>
    refused(t, /"conv0\/weights" is \[1\], but must be \[3, 3, 3, 8\]/, {
      change: (tensors) => tensors.set('conv0/weights', { shape: [1], data: Float32Array.of(1) }),
    }))

  it('a network with more cells than are asked for', (t) =>
    refused(t, /tensors are left over: "cell_/, {
      network: SMALL.large,
      options: { changes: { ...SMALL.large.changes, cells: 1 } },
    }))

  it('the network of other images', (t) =>
    refused(t, /tensors are missing: "l1_stem_3x3\/weights"/, { options: { ...cifar } }))

  it('names that it does not know', (t) =>
    refused(
      t,
      /not hold the weights of a NASNet as TF-Slim, Keras, timm or this toolkit name them: its first of 1 tensors is "x"/,
      {
        change: (tensors) => {
          tensors.clear()
          tensors.set('x', number(1))
        },
      },
    ))

  it('numbers that are not finite', (t) =>
    refused(t, /"final_layer\/FC\/biases" has numbers that are not finite/, {
      change: (tensors) => {
        const { data } = tensors.get('final_layer/FC/biases')!
        data[2] = Number.POSITIVE_INFINITY
      },
    }))

  it('labels of another number, twice the same, or for no head', async (t) => {
    const folder = await temporaryFolder(t)
    const labels = join(folder, 'labels.txt')
    await writeFile(labels, 'a\nb\n')
    await refused(t, /has 2 lines, but the network has 5 classes/, { options: { labels } })
    await writeFile(labels, 'a\nb\nc\nd\na\n')
    await refused(t, /"a" stands there twice/, { options: { labels } })
    const noTop: Change = (tensors) => {
      tensors.delete('predictions/kernel')
      tensors.delete('predictions/bias')
    }
    await refused(t, /no classifier's head/, { program: 'keras', change: noTop, options: { labels } })
  })
})

describe('import-weights', () => {
  const averages: Change = (tensors) => {
    for (const [name, tensor] of [...tensors])
      tensors.set(`${name}/ExponentialMovingAverage`, doubled(tensor))
    tensors.set('global_step', { shape: [], data: new BigInt64Array([7n]) })
    tensors.set('conv0/weights/RMSProp', number(1))
    tensors.set('conv0/weights/RMSProp_1', number(1))
    tensors.set('aux_1/aux_logits/FC/biases', number(1))
  }

  it('takes the averages, and says what it ignores', async (t) => {
    const { run, work } = await imported(t, { change: averages })
    const { tensors, ignored } = await work
    assert.deepEqual(ignored, {
      'weights whose moving averages are taken': tensors,
      'the number of steps trained': 1,
      'state of the optimizer': 2,
      'the auxiliary head, which only training has': 1,
    })
    const twice = parameterValues('head/kernel', [192, 5]).map((x) => 2 * x)
    assert.deepEqual(await parameter(run, 'head/kernel'), twice)
    assert.equal((await readConfig(run)).imported?.averages, true)
  })

  it('takes the weights themselves if asked to', async (t) => {
    const { run, work } = await imported(t, { change: averages, options: { raw: true } })
    const { tensors, ignored } = await work
    assert.equal(ignored['moving averages, because --raw was asked for'], tensors)
    assert.deepEqual(await parameter(run, 'head/kernel'), parameterValues('head/kernel', [192, 5]))
  })

  it('leaves out the background of 1,001 classes, and names the others as ImageNet does', async (t) => {
    const { run, work } = await imported(t, { network: { ...mobile, classes: 1001 } })
    const { classes, model } = await work
    assert.equal(classes, 1000)
    assert.deepEqual(await parameter(run, 'head/bias'), parameterValues('head/bias', [1001]).subarray(1))
    const kernel = parameterValues('head/kernel', [192, 1001])
    const wanted = kernel.filter((_, i) => i % 1001 !== 0)
    assert.deepEqual(await parameter(run, 'head/kernel'), wanted)
    const { labels, about } = await readModelCard(model!)
    assert.deepEqual([labels[0], labels[999]], ['tench', 'toilet tissue'])
    assert.deepEqual((about.imported as { program: string }).program, 'slim')
  })

  it('keeps 1,001 classes of its own', async (t) => {
    const { work } = await imported(t, { program: 'toolkit', network: { ...mobile, classes: 1001 } })
    assert.equal((await work).classes, 1001)
  })

  it('takes weights without a top for a backbone', async (t) => {
    const { run, work } = await imported(t, {
      program: 'keras',
      change: (tensors) => {
        tensors.delete('predictions/kernel')
        tensors.delete('predictions/bias')
      },
    })
    const { classes, model } = await work
    assert.deepEqual([classes, model], [null, null])
    assert.deepEqual(await parameter(run, 'stem/kernel'), parameterValues('stem/kernel', [3, 3, 3, 8]))
  })

  it('names the classes as the file of labels does', async (t) => {
    const labels = join(await temporaryFolder(t), 'labels.txt')
    await writeFile(labels, 'ant\r\nbee\r\ncat\r\ndog\r\nemu\r\n')
    const { run, work } = await imported(t, { options: { labels } })
    await work
    assert.deepEqual((await readConfig(run)).data.classes, ['ant', 'bee', 'cat', 'dog', 'emu'])
  })
})
