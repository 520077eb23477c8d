import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { readModelCard } from '../../../src/shared/read-model.js'
import { readSafetensors } from '../../../src/shared/safetensors.js'
import { paintImages } from '../../helpers/commands/painted-images.js'
import { toolkit } from '../../helpers/commands/toolkit.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'
import { writeRedScenes } from '../../helpers/train/detection/red-scenes.js'
import { tinyDetector } from '../../helpers/train/detection/tiny-detector.js'

const words = (line: string) => line.split(' ')

test('a detector with a pyramid is begun with a backbone, begins another, is measured, looks at a photograph', async (t) => {
  const cwd = await temporaryFolder(t)
  const run = async (line: string) => {
    const result = await toolkit(words(`${line} --json`), { cwd })
    assert.equal(result.code, 0, result.stderr)
    return { ...result, json: JSON.parse(result.stdout) }
  }
  await paintImages(join(cwd, 'images'))
  await writeRedScenes(join(cwd, 'scenes'), 6)
  await writeFile(join(cwd, 'tiny.json'), JSON.stringify(tinyDetector().backbone.genotype))
  const train = (stem: string) =>
    `train-backbone --data images --image-size 32 --validation 8 --arch tiny.json --cells 1 --filters 16 ` +
    `--stem-filters 8 --auxiliary 0 --batch-size 8 --steps 2 --stem ${stem} --out ${stem}`
  await run(train('imagenet'))

  const scenes =
    '--data scenes --annotations scenes.json --val-images scenes --val-annotations scenes.json ' +
    '--input-size 64 --batch-size 2 --max-objects 4 --threads 1 --steps 2'
  const pyramid = '--preset faster-rcnn-nas-fpn-embedded'
  const begun = await run(`finetune-coco ${scenes} ${pyramid} --backbone imagenet --out run`)
  assert.equal(begun.json.finished, true)
  const [{ tensors }, { tensors: backbone }] = await Promise.all(
    ['run/checkpoint-0.safetensors', 'imagenet/checkpoint-2.safetensors'].map((file) =>
      readSafetensors(join(cwd, file)),
    ),
  )
  const cell = 'cell_2/block_2/left/separable_1/depthwise'
  assert.deepEqual(tensors.get(cell), backbone.get(`average/${cell}`) ?? backbone.get(cell))
  const card = await readModelCard(join(cwd, 'run/detector.onnx'))
  assert.equal(card?.name, 'faster-rcnn-fpn-tiny-1x16')

  await run(`finetune-coco ${scenes} --init run --out next`)
  const next = JSON.parse(await readFile(join(cwd, 'next/config.json'), 'utf8'))
  assert.deepEqual([next.detector.pyramid.finestStride, next.init], [8, 'run'])
  const { json: measured } = await run('evaluate next')
  assert.equal(measured.images, 6)
  const { json: described } = await run('describe next')
  assert.deepEqual(
    described.parts.map(({ part }: { part: string }) => part),
    ['backbone', 'pyramid', 'proposals', 'box head'],
  )
  await run('detect scenes/0.png --model next/detector.onnx')

  await run(train('cifar'))
  const refused = await toolkit(words(`finetune-coco ${scenes} ${pyramid} --backbone cifar --out refused`), {
    cwd,
  })
  assert.equal(refused.code, 1, refused.stderr)
  assert.match(refused.stderr, /"backbone\.stem" is "cifar", but must be "imagenet" with a "pyramid"/)
  assert.equal(existsSync(join(cwd, 'refused')), false)
})
