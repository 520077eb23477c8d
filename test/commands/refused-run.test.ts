/** A run that is refused, or diverges, says what to do next in one sentence, and that works. */
import assert from 'node:assert/strict'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { paintImages } from '../helpers/commands/painted-images.js'
import { toolkit } from '../helpers/commands/toolkit.js'
import { temporaryFolder } from '../helpers/temporary-folder.js'
import { writeRedScenes } from '../helpers/train/detection/red-scenes.js'
import { tinyDetector } from '../helpers/train/detection/tiny-detector.js'

const words = (line: string) => line.split(' ')

const classifier =
  'train-backbone --preset paper-cifar --data images --image-size 16 --validation 8 --cells 1 --filters 4 --auxiliary 0 --schedule constant --warmup 0'

test('classifiers: refused and begun again, diverged and gone on with as the last line says', async (t) => {
  const cwd = await temporaryFolder(t)
  await paintImages(join(cwd, 'images'))
  const run = (flags: string) => toolkit(words(`${classifier} ${flags}`), { cwd })

  const refused = await run('--batch-size 400 --steps 1 --out run')
  assert.equal(refused.code, 1)
  assert.match(refused.stderr, /fewer than one batch of 400.*\nNothing is left in run: run the command again/)
  const begun = await run('--batch-size 8 --steps 2 --checkpoint-steps 1 --out run')
  assert.equal(begun.code, 0, begun.stderr)

  const first = await run('--batch-size 8 --steps 4 --learning-rate 1e12 --clip off --out wild')
  assert.equal(first.code, 1)
  assert.match(first.stderr, /at step \d|after step \d/)
  assert.match(first.stderr, /learning rate of 1000000000000\b.* lower learning rate \(--learning-rate\)/)
  assert.doesNotMatch(first.stderr, /\n {4}at /)
  assert.deepEqual((await readdir(cwd)).sort(), ['images', 'run'])

  const later = await toolkit(
    words('train-backbone --resume run --steps 9 --learning-rate 1e12 --clip off --schedule constant'),
    { cwd },
  )
  assert.equal(later.code, 1)
  const advised = /Continue with: npx toolkit (train-backbone --resume run --learning-rate 100000000000)\n/
  const [, command] = advised.exec(later.stderr)!
  assert.match(later.stderr, /The last good checkpoint is checkpoint-2\.safetensors in run: continue from it/)
  const lower = command.replace('100000000000', '0.01')
  const resumed = await toolkit(words(lower), { cwd })
  assert.equal(resumed.code, 0, resumed.stderr)
})

test('detectors: refused and begun again; whatever the learning rate, divergence is a sentence', async (t) => {
  const cwd = await temporaryFolder(t)
  await paintImages(join(cwd, 'images'))
  await writeRedScenes(join(cwd, 'scenes'), 3)
  await writeFile(join(cwd, 'tiny.json'), JSON.stringify(tinyDetector().backbone.genotype))
  const backbone = await toolkit(
    words(
      'train-backbone --preset paper-cifar --data images --image-size 32 --validation 8 --arch tiny.json --stem imagenet --cells 1 --filters 16 --stem-filters 8 --auxiliary 0 --batch-size 8 --steps 1 --out backbone',
    ),
    { cwd },
  )
  assert.equal(backbone.code, 0, backbone.stderr)
  const finetune = (flags: string) =>
    toolkit(
      words(
        `finetune-coco --data scenes --annotations scenes.json --val-images scenes --val-annotations scenes.json --preset faster-rcnn-nas-embedded --input-size 64 --max-objects 4 --threads 1 --schedule constant --warmup 0 --clip off --backbone backbone --out run ${flags}`,
      ),
      { cwd },
    )
  const before = (await readdir(cwd)).sort()
  for (const flags of [
    '--batch-size 2 --accumulate 2 --steps 1',
    // In a later step, in the evaluation after the first one, and in the second of the batches that are accumulated.
    '--batch-size 1 --accumulate 1 --steps 6 --learning-rate 1e8',
    '--batch-size 1 --accumulate 1 --steps 1 --learning-rate 1e5',
    '--batch-size 1 --accumulate 2 --steps 2 --learning-rate 1e12',
  ]) {
    const { code, stderr } = await finetune(flags)
    assert.equal(code, 1, stderr)
    assert.match(
      stderr,
      flags.includes('rate')
        ? /(at|after) step \d.*\blearning rate\b|learning rate of .* after step \d/
        : /fewer than the 4 of one step/,
    )
    assert.doesNotMatch(stderr, /\n {4}at |onnxruntime/)
    assert.match(stderr, /\nNothing is left in run: run the command again, with what has to change\n/)
    assert.deepEqual((await readdir(cwd)).sort(), before)
  }
  const { code, stderr } = await finetune('--batch-size 1 --accumulate 1 --steps 1 --learning-rate 0.001')
  assert.equal(code, 0, stderr)
})

test('searches: refused and begun again in the same folder, which stays where it was there before', async (t) => {
  const cwd = await temporaryFolder(t)
  await paintImages(join(cwd, 'images'))
  await mkdir(join(cwd, 'there'))
  const small =
    '--data images --image-size 16 --train-images 20 --validation-images 4 --budget 1 --top 0 --processes 1 --strategy random --blocks 1 --seed 1'
  for (const task of ['--evaluator train', '--task autoencode']) {
    const search = (flags: string) => toolkit(words(`search ${task} ${small} ${flags}`), { cwd })
    for (const out of ['new', 'there']) {
      const refused = await search(`--batch-size 400 --out ${out}`)
      assert.equal(refused.code, 1, refused.stderr)
      assert.match(refused.stderr, /fewer than one batch of 400/)
    }
    assert.deepEqual((await readdir(cwd)).sort(), ['images', 'there'])
    assert.deepEqual(await readdir(join(cwd, 'there')), [])
  }
})
