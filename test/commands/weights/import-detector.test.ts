/** An imported detector through the commands that take a run. */
import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { readSafetensors } from '../../../src/shared/safetensors.js'
import { COCO_CATEGORIES } from '../../../src/weights/names/coco-categories.js'
import { writeTfCheckpoint } from '../../../src/weights/tf-checkpoint/write-checkpoint.js'
import { fails, succeeds, toolkit } from '../../helpers/commands/toolkit.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'
import { writeRedScenes } from '../../helpers/train/detection/red-scenes.js'
import { parameterValues } from '../../helpers/weights/numbers.js'
import { releasedTensors } from '../../helpers/weights/released-checkpoint.js'

const words = (line: string) => line.split(' ')
const NETWORK = { cells: 1, filters: 8, stemFilters: 8, rpnFilters: 6, ids: 90 }
const SIZES = '--cells 1 --filters 8 --stem-filters 8 --input-size 64 --proposals 4'

/** Annotations of red scenes whose categories are these; red things are of the one with the id 7. */
async function annotate(cwd: string, name: string, categories: readonly { id: number; name: string }[]) {
  const dataset = JSON.parse(await readFile(join(cwd, 'scenes.json'), 'utf8'))
  await writeFile(join(cwd, name), JSON.stringify({ ...dataset, categories }))
}

test('an imported detector: describe, evaluate, detect, export, plot, and a new one of own categories', async (t) => {
  const cwd = await temporaryFolder(t)
  const run = (line: string) => toolkit(words(line), { cwd })
  const succeed = async (line: string) => {
    const outcome = await run(line)
    succeeds(outcome)
    return outcome
  }
  const tensors = releasedTensors(NETWORK, (name, { shape }) => parameterValues(name, shape))
  await writeTfCheckpoint(join(cwd, 'model.ckpt'), tensors)
  await writeRedScenes(join(cwd, 'scenes'), 4)

  const imported = await succeed(
    `import-weights model.ckpt --arch faster-rcnn-nas-large ${SIZES} --out coco --json`,
  )
  assert.deepEqual(JSON.parse(imported.stdout), {
    ...{ run: 'coco', model: 'coco/detector.onnx', from: 'object-detection-api', classes: 80 },
    ...{ tensors: tensors.length, ignored: {} },
  })
  const described = JSON.parse((await succeed('describe coco --json')).stdout)
  assert.deepEqual([described.classes, described.proposals, described.crop], [80, 4, 17])
  // Background, 80 categories and ten spare ones; four numbers for each box.
  assert.deepEqual(described.parts.at(-1).shape, [4, 91 + 320])

  const exported = JSON.parse((await succeed('export coco --out other.onnx --json')).stdout)
  assert.deepEqual(
    [exported.labels.length, exported.categoryIds[79], exported.resize, exported.about.imported.program],
    [80, 90, 'stretch-tf1', 'object-detection-api'],
  )
  assert.equal(exported.about.training, undefined)
  const detected = JSON.parse(
    (await succeed('detect scenes/0.png --model coco/detector.onnx --min-score 0 --json')).stdout,
  )
  assert.ok(detected.images[0].detections.length > 0)

  await annotate(cwd, 'as-coco.json', COCO_CATEGORIES)
  const measured = await succeed('evaluate coco --data scenes --annotations as-coco.json --json')
  assert.equal(JSON.parse(measured.stdout).images, 4)
  fails(await run('evaluate coco'), /There is no folder "\.data\/coco\/val2017"/)
  fails(await run('plot coco --out curve.svg'), /coco/)
  fails(await run('finetune-coco --resume coco'), /holds imported weights, .*: --init coco/)
  fails(await run('train-backbone --init coco --data scenes'), /coco is the run of a detector/)

  await annotate(cwd, 'own.json', [
    { id: 7, name: 'red' },
    { id: 9, name: 'stop sign' },
  ])
  const own = 'finetune-coco --init coco --data scenes --annotations own.json'
  const small = '--batch-size 1 --max-objects 4 --threads 1'
  const begun = await succeed(`${own} ${small} --steps 1 --checkpoint-steps 1 --out mine --json`)
  assert.match(begun.stderr, /Began with \d+ tensors of coco; kept classes: stop sign; new: red\n/)
  assert.doesNotMatch(begun.stderr, /Random weights/)
  assert.equal(JSON.parse(begun.stdout).model, 'mine/detector.onnx')
  const [before, after] = await Promise.all(
    ['coco', 'mine'].map((name) => readSafetensors(join(cwd, name, 'checkpoint-0.safetensors'))),
  )
  for (const [name, { data }] of before.tensors)
    if (!name.startsWith('regions/')) assert.deepEqual(after.tensors.get(name)?.data, data, name)
  const bias = (file: typeof before) => file.tensors.get('regions/classes/bias')!.data
  // COCO's stop sign is its 12th category, and the second one here.
  assert.deepEqual([bias(after)[0], bias(after)[2]], [bias(before)[0], bias(before)[12]])
  assert.equal(bias(after).length, 3)
  const configs = await Promise.all(
    ['coco', 'mine'].map(async (name) => JSON.parse(await readFile(join(cwd, name, 'config.json'), 'utf8'))),
  )
  assert.equal(configs[1].init, 'coco')
  assert.equal(configs[1].imported, undefined)
  for (const setting of ['backbone', 'inputSize', 'resize'])
    assert.deepEqual(configs[1][setting], configs[0][setting], setting)
  assert.equal(configs[1].detector.roiHeads.spareClasses, undefined)

  // A detector that was trained here is begun with in the same way.
  const again = await succeed(
    `finetune-coco --init mine --data scenes --annotations own.json ${small} --steps 1 --out third`,
  )
  assert.match(again.stderr, /kept classes: red, stop sign\n/)
  const drawn = await succeed(`${own} --preview sheet.png --json`)
  assert.deepEqual(JSON.parse(drawn.stdout), { preview: 'sheet.png' })

  fails(await run(`${own} --backbone mine`), /--init begins with .* leave out --backbone and --from-scratch/)
  fails(await run('finetune-coco --resume mine --init coco'), /leave out --out, --preset, --backbone, --init/)
  const arch = 'import-weights model.ckpt --arch'
  fails(
    await run(`${arch} faster-rcnn-nas-coco --image-size 64`),
    /give the size of a detector as --input-size/,
  )
  fails(await run(`${arch} nasnet-a-large --proposals 4`), /--input-size and --proposals are for detectors/)
})
