import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import sharp from 'sharp'
import { readModelCard } from '../../../src/shared/read-model.js'
import { readSafetensors } from '../../../src/shared/safetensors.js'
import { paintImages } from '../../helpers/commands/painted-images.js'
import { toolkit } from '../../helpers/commands/toolkit.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'

const small = [
  ...[
    '--preset',
    'paper-cifar',
    '--data',
    'images',
    '--image-size',
    '16',
    '--validation',
    '8',
    '--cells',
    '1',
    '--filters',
    '4',
  ],
  ...['--stem-filters', '4', '--batch-size', '8', '--learning-rate', '0.05', '--auxiliary', '0'],
  ...['--drop-path-keep', '1', '--crop', '1', '--average', '0.8'],
]

test('train, stop by Ctrl-C, resume, evaluate, export and plot a small network', async (t) => {
  const cwd = await temporaryFolder(t)
  await paintImages(join(cwd, 'images'))

  const stopped = await toolkit(['train-backbone', ...small, '--epochs', '40', '--out', 'run', '--json'], {
    cwd,
    pause: { afterOutput: 'step \\d+/200' },
    onPause: (child) => child.kill('SIGINT'),
  })
  assert.equal(stopped.code, 130, stopped.stderr)
  assert.match(
    stopped.stderr,
    /Saved run at step \d+; continue with: npx toolkit train-backbone --resume run\n/,
  )
  const atStop = JSON.parse(stopped.stdout)
  assert.equal(atStop.finished, false)
  assert.deepEqual((await readdir(join(cwd, 'run'))).sort(), [
    `checkpoint-${atStop.steps}.safetensors`,
    'config.json',
    'metrics.jsonl',
  ])

  const resumed = await toolkit(['train-backbone', '--resume', 'run', '--epochs', '8', '--json'], { cwd })
  assert.equal(resumed.code, 0, resumed.stderr)
  const result = JSON.parse(resumed.stdout)
  assert.equal(result.steps, 40)
  assert.equal(result.validation.images, 8)
  const { tensors } = await readSafetensors(join(cwd, 'run', 'checkpoint-40.safetensors'))
  for (const name of ['head/', 'optimizer/momentum/head/', 'average/head/'])
    assert.ok(
      [...tensors.keys()].some((tensor) => tensor.startsWith(name)),
      name,
    )

  const card = await readModelCard(join(cwd, 'run', 'model.onnx'))
  assert.equal(card.name, 'nasnet-a-1x4-images')
  assert.deepEqual(card.labels, ['green', 'red'])
  assert.deepEqual(card.inputSize, [16, 16])
  assert.equal(card.about.steps, 40)

  const measured = await Promise.all(
    ['run', 'run/model.onnx'].map((subject) => toolkit(['evaluate', subject, '--json'], { cwd })),
  )
  const [ofRun, ofModel] = measured.map(({ stdout, stderr }) => {
    assert.equal(stderr, '')
    return JSON.parse(stdout)
  })
  assert.equal(ofRun.images, 20)
  assert.ok(ofRun.top1 > 0.8, `top-1 ${ofRun.top1}`)
  assert.deepEqual({ ...ofModel, subject: 'run' }, ofRun)

  const exported = await toolkit(['export', 'run', '--out', 'copy.onnx'], { cwd })
  assert.equal(
    exported.stdout,
    'Wrote copy.onnx: nasnet-a-1x4-images, 2 classes\nNext: toolkit serve copy.onnx\n',
  )
  assert.deepEqual(await readFile(join(cwd, 'copy.onnx')), await readFile(join(cwd, 'run', 'model.onnx')))

  const plotted = await toolkit(['plot', 'run', '--out', 'curve.png', '--json'], { cwd })
  assert.equal(plotted.code, 0, plotted.stderr)
  assert.deepEqual(JSON.parse(plotted.stdout), { picture: 'curve.png', runs: ['run'], x: 'epoch' })
  assert.equal((await sharp(join(cwd, 'curve.png')).metadata()).width, 1920)

  const twice = await toolkit(['train-backbone', ...small, '--out', 'run'], { cwd })
  assert.equal(twice.code, 1)
  assert.match(twice.stderr, /run holds a run already/)
})
