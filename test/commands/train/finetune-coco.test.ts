import assert from 'node:assert/strict'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import sharp from 'sharp'
import { readModelCard } from '../../../src/shared/read-model.js'
import { readSafetensors } from '../../../src/shared/safetensors.js'
import { paintImages } from '../../helpers/commands/painted-images.js'
import { toolkit } from '../../helpers/commands/toolkit.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'
import { writeRedScenes } from '../../helpers/train/detection/red-scenes.js'
import { tinyDetector } from '../../helpers/train/detection/tiny-detector.js'

const words = (line: string) => line.split(' ')

test('train a detector on a backbone, stop by Ctrl-C, resume, plot beside one from scratch', async (t) => {
  const cwd = await temporaryFolder(t)
  await paintImages(join(cwd, 'images'))
  await writeRedScenes(join(cwd, 'scenes'), 12)
  await writeRedScenes(join(cwd, 'held'), 3, 1)
  await writeFile(join(cwd, 'tiny.json'), JSON.stringify(tinyDetector().backbone.genotype))
  const network = '--arch tiny.json --stem imagenet --cells 1 --filters 16 --stem-filters 8'
  const data = '--data images --image-size 32 --validation 8'
  const backbone = await toolkit(
    words(
      `train-backbone --preset paper-cifar ${data} ${network} --auxiliary 0 --batch-size 8 --steps 4 --out backbone --json`,
    ),
    { cwd },
  )
  assert.equal(backbone.code, 0, backbone.stderr)

  const scenes = '--data scenes --annotations scenes.json --val-images held --val-annotations held.json'
  const small = '--preset faster-rcnn-nas-embedded --input-size 64 --batch-size 2 --max-objects 4 --threads 1'
  const length = '--steps 400 --evaluate-every 1000'
  const finetune = `finetune-coco ${scenes} ${small} ${length} --backbone backbone`
  const stopped = await toolkit(words(`${finetune} --out run --json`), {
    cwd,
    pause: { afterOutput: 'step \\d+/400' },
    onPause: (child) => child.kill('SIGINT'),
  })
  assert.equal(stopped.code, 130, stopped.stderr)
  assert.match(
    stopped.stderr,
    /Training in run: 12 images with objects of 1 category\nInput 64 × 64 pixels, [\d,]+ parameters; 12 images to train on, 3 to measure on; 400 steps of 2 images \(66\.7 epochs\)\nCompiling the training step …\nInitialized \d+ tensors from backbone\n/,
  )
  assert.match(stopped.stderr, /step \d+\/400 · .* images\/s · loss \S+ · proposals .* · regions .* left\n/)
  assert.match(
    stopped.stderr,
    /Saved run at step \d+; continue with: npx toolkit finetune-coco --resume run\n/,
  )
  const atStop = JSON.parse(stopped.stdout)
  assert.deepEqual((await readdir(join(cwd, 'run'))).sort(), [
    'checkpoint-0.safetensors',
    `checkpoint-${atStop.steps}.safetensors`,
    'config.json',
    'metrics.jsonl',
  ])
  const [{ tensors: begun }, { tensors: trained }] = await Promise.all(
    ['run/checkpoint-0.safetensors', 'backbone/checkpoint-4.safetensors'].map((file) =>
      readSafetensors(join(cwd, file)),
    ),
  )
  const last = 'cell_2/previous/normalization/moving_mean'
  const shared = [...trained.keys()].filter(
    (name) => begun.has(name) && !/^(optimizer|average|state)/.test(name),
  )
  assert.ok(shared.length > 20, `only ${shared.length} tensors, none of them ${last}`)
  for (const name of shared) assert.deepEqual(begun.get(name), trained.get(name), name)

  const steps = atStop.steps + 4
  const resumed = await toolkit(words(`finetune-coco --resume run --steps ${steps} --threads 1 --json`), {
    cwd,
  })
  assert.equal(resumed.code, 0, resumed.stderr)
  const result = JSON.parse(resumed.stdout)
  assert.deepEqual([result.steps, result.finished, result.model], [steps, true, 'run/detector.onnx'])
  assert.equal(result.validation.images, 3)
  assert.ok(result.validation.ap50 >= 0)
  const card = await readModelCard(join(cwd, 'run', 'detector.onnx'))
  assert.ok(card.task === 'detection')
  assert.deepEqual([card.labels, card.categoryIds, card.inputSize], [['red'], [7], [64, 64]])

  const scratch = await toolkit(
    words(`finetune-coco ${scenes} ${small} --steps 2 --backbone backbone --from-scratch --out scratch`),
    { cwd },
  )
  assert.equal(scratch.code, 0, scratch.stderr)
  assert.match(
    scratch.stdout,
    /^Trained 2 steps, the best after epoch 0\.3: AP \S+ and AP50 \S+ on 3 validation images; the detector is scratch\/detector\.onnx\nNext: toolkit evaluate scratch, or toolkit serve scratch\/detector\.onnx\n$/,
  )
  const preview = await toolkit(words(`finetune-coco ${scenes} ${small} --preview sheet.png --json`), { cwd })
  assert.deepEqual(JSON.parse(preview.stdout), { preview: 'sheet.png' })
  assert.equal((await sharp(join(cwd, 'sheet.png')).metadata()).format, 'png')
  const configs = await Promise.all(
    ['run', 'scratch'].map(async (run) => JSON.parse(await readFile(join(cwd, run, 'config.json'), 'utf8'))),
  )
  assert.deepEqual(configs[0].backbone, configs[1].backbone)
  assert.deepEqual([configs[0].weights, configs[1].weights], ['backbone', null])
  const plotted = await toolkit(words('plot run scratch --out both.png --x minutes'), { cwd })
  assert.equal(plotted.code, 0, plotted.stderr)
  assert.equal((await sharp(join(cwd, 'both.png')).metadata()).width, 1920)

  const mistakes: [string, RegExp][] = [
    [
      `finetune-coco ${scenes}`,
      /Name the backbone with --backbone.*Or begin with random weights: --from-scratch/,
    ],
    [
      `finetune-coco ${scenes} --backbone run`,
      /run is the run of a detector .*; name the run of a classifier/,
    ],
    ['finetune-coco --resume backbone', /backbone is the run of a classifier .*; name the run of a detector/],
    ['train-backbone --resume run', /run is the run of a detector .*; name the run of a classifier/],
    ['finetune-coco --resume run --accumulate 3', /cannot change its accumulate/],
    [
      `finetune-coco ${scenes} --backbone backbone --from-scratch --freeze stem`,
      /--freeze keeps trained weights, but --from-scratch begins with random ones/,
    ],
    ['finetune-coco --resume run --from-scratch', /--resume continues a run with its own settings/],
    ['plot run backbone --out both.png', /run is a run of detection and backbone one of classification/],
  ]
  const answers = await Promise.all(mistakes.map(([line]) => toolkit(words(line), { cwd })))
  for (const [i, { code, stderr }] of answers.entries()) {
    assert.equal(code, 1, mistakes[i][0])
    assert.match(stderr, mistakes[i][1])
    assert.doesNotMatch(stderr, /\n {4}at /)
  }
})

test('data that teaches nothing is refused before anything is compiled', async (t) => {
  const cwd = await temporaryFolder(t)
  await writeRedScenes(join(cwd, 'scenes'), 4)
  const dataset = JSON.parse(await readFile(join(cwd, 'scenes.json'), 'utf8'))
  const refused = async (name: string, change: object, message: RegExp, flags = ''): Promise<void> => {
    await writeFile(join(cwd, `${name}.json`), JSON.stringify({ ...dataset, ...change }))
    const small = '--preset faster-rcnn-nas-embedded --input-size 64 --batch-size 1 --steps 1 --from-scratch'
    const data = `--data scenes --annotations ${flags === '' ? name : 'scenes'}.json ${flags}`
    const outcome = await toolkit(words(`finetune-coco ${data.trim()} ${small} --out run`), { cwd })
    assert.equal(outcome.code, 1, name)
    assert.match(outcome.stderr, message)
    assert.doesNotMatch(outcome.stderr, /Training in/)
  }
  const changed = (change: object) =>
    dataset.annotations.map((annotation: object) => ({ ...annotation, ...change }))
  await refused(
    'none',
    { annotations: [] },
    /^None of the 4 training images of none .*: there are no annotations\./m,
  )
  await refused(
    'elsewhere',
    { annotations: changed({ image_id: 99 }) },
    /^None of .* learn from: annotations that cannot be used \(4 × unknown image; the first: annotations\[0\] \(id 1\): image_id 99 is not/m,
  )
  await refused('crowds', { annotations: changed({ iscrowd: '1' }) }, /^None of .* learn from: 4 are crowds/m)
  await refused(
    'beside',
    { annotations: changed({ bbox: [500, 500, 9, 9] }) },
    /^None of .* learn from: 4 boxes have no area inside their image/m,
  )
  await refused(
    'parts',
    { annotations: changed({ bbox: [0.1, 0.1, 0.5, 0.5] }) },
    /^All 4 boxes of parts lie between/m,
  )
  await refused(
    'held',
    { annotations: [] },
    /^None of the 4 validation images of held has an object to find: there are no annotations\. Name other images/m,
    '--val-images scenes --val-annotations held.json',
  )
  assert.deepEqual(
    (await readdir(cwd)).filter((name) => name.startsWith('run')),
    [],
  )
})
