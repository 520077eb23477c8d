/** `finetune-coco` on a YOLO set without validation images, from the folder to the evaluation. */
import assert from 'node:assert/strict'
import { readdir, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { readSafetensors } from '../../../src/shared/safetensors.js'
import { writeRedYolo } from '../../helpers/commands/red-yolo.js'
import { fails, succeeds, toolkit } from '../../helpers/commands/toolkit.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'

const words = (line: string) => line.split(' ')
const tiny =
  '--preset faster-rcnn-nas-embedded --from-scratch --input-size 64 --batch-size 1 --accumulate 1 --max-objects 2 --threads 1 --evaluate-every 1000'

test('held-out images and chosen categories are the run’s: resumed bit-identically, evaluated, refused without a trace', async (t) => {
  const cwd = await temporaryFolder(t)
  await writeRedYolo(join(cwd, 'scenes'), { '': 12 })
  const run = (line: string, options = {}) => toolkit(words(line), { cwd, ...options })
  const begin = `finetune-coco --data scenes --categories red ${tiny}`

  const refused = await run(`finetune-coco --data scenes --categories rod ${tiny} --steps 1`)
  fails(refused, /There is no category "rod"; names that are near: "red"/)
  fails(await run(`${begin} --batch-size 40 --steps 1 --out run`), /Nothing is left in run/)
  assert.deepEqual(await readdir(cwd), ['scenes'])

  const whole = await run(`${begin} --steps 4 --out whole --json`)
  succeeds(whole)
  assert.match(whole.stderr, /2 images of 12, such as .*, are held out for validation/)
  assert.match(whole.stderr, /The annotations that are used are in whole\/annotations\n/)
  assert.match(whole.stderr, /10 images to train on, 2 to measure on; 4 steps of 1 image \(0\.4 epochs\)/)
  assert.match(
    whole.stderr,
    /finds next to nothing .*random weights .*objects to learn from: red 10; few steps: 4/,
  )
  const { validation, low } = JSON.parse(whole.stdout)
  assert.deepEqual([validation.images, low], [2, undefined])

  const stopped = await run(`${begin} --steps 4 --out parts`, {
    pause: { afterOutput: 'step \\d+/4' },
    onPause: (child: { kill: (signal: string) => void }) => child.kill('SIGINT'),
  })
  assert.equal(stopped.code, 130, stopped.stderr)
  fails(
    await run('finetune-coco --resume parts --categories red'),
    /on its own images: leave out --categories, --format and --val-fraction/,
  )
  succeeds(await run('finetune-coco --resume parts --threads 1'))
  const files = ['annotations/train.json', 'annotations/val.json']
  const texts = (folder: string) =>
    Promise.all(files.map((file) => readFile(join(cwd, folder, file), 'utf8')))
  assert.deepEqual(await texts('parts'), await texts('whole'))
  const [one, other] = await Promise.all(
    ['whole', 'parts'].map((folder) => readSafetensors(join(cwd, folder, 'checkpoint-4.safetensors'))),
  )
  assert.deepEqual(one.tensors, other.tensors)

  const { data } = JSON.parse(await readFile(join(cwd, 'whole', 'config.json'), 'utf8'))
  assert.deepEqual(data.categories, [{ id: 1, name: 'red' }])
  assert.equal(data.train.images, join(cwd, 'scenes', 'images'))
  assert.equal(data.validation.annotations, join(cwd, 'whole', 'annotations', 'val.json'))
  const measured = await run('evaluate whole --json')
  succeeds(measured)
  assert.equal(JSON.parse(measured.stdout).images, 2)

  // The same detector on the whole set, whose other class it does not know.
  fails(await run('evaluate whole --data scenes'), /objects of 1 category that is unknown: ground \(id 2\)/)
  const all = await run('evaluate whole --data scenes --categories red --json')
  succeeds(all)
  assert.equal(JSON.parse(all.stdout).images, 12)

  // Training and held-out images are moved together.
  await rename(join(cwd, 'scenes'), join(cwd, 'moved'))
  succeeds(await run('finetune-coco --resume whole --data moved/images --steps 5 --threads 1'))
})
