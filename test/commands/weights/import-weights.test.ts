/** Imported weights through the commands that take a run. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { readSafetensors } from '../../../src/shared/safetensors.js'
import { paintImages } from '../../helpers/commands/painted-images.js'
import { fails, succeeds, toolkit } from '../../helpers/commands/toolkit.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'
import { writeRedScenes } from '../../helpers/train/detection/red-scenes.js'
import { SMALL, tensorsOf, writeTensors } from '../../helpers/weights/weight-files.js'

const words = (line: string) => line.split(' ')
const NETWORK = '--arch nasnet-a-mobile --cells 1 --filters 8 --stem-filters 8 --image-size 32'

/** Imports a small network of TF-Slim's names into `run`. */
async function importSmall(t: TestContext, classes: number, ...more: string[]) {
  const cwd = await temporaryFolder(t)
  await writeTensors(cwd, tensorsOf({ ...SMALL.mobile, classes }, 'slim'))
  const command = `import-weights foreign.safetensors ${NETWORK} --out run --json`
  const imported = await toolkit([...words(command), ...more], { cwd })
  succeeds(imported)
  return { cwd, imported }
}

test('imported weights: describe, evaluate, export and convert', async (t) => {
  const { cwd, imported } = await importSmall(t, 1001, '--pools', 'keras')
  const { ignored, tensors, ...result } = JSON.parse(imported.stdout)
  assert.deepEqual(
    [result, ignored],
    [{ run: 'run', model: 'run/model.onnx', from: 'slim', classes: 1000 }, {}],
  )
  assert.ok(tensors > 400)

  const described = await toolkit(words('describe run --json'), { cwd })
  succeeds(described)
  const usual = await toolkit(
    words('describe nasnet-a-mobile --cells 1 --filters 8 --stem-filters 8 --input 32 --json'),
    { cwd },
  )
  const [own, like] = [described, usual].map(({ stdout }) => JSON.parse(stdout))
  assert.deepEqual(own.parameters, like.parameters)
  assert.equal(own.stridedPools, 'keras')

  fails(await toolkit(words('evaluate run'), { cwd }), /were imported, not trained here; name .* --data/)
  const exported = await toolkit(words('export run --out again.onnx --json'), { cwd })
  succeeds(exported)
  const { labels, about, preprocessing } = JSON.parse(exported.stdout)
  assert.equal(preprocessing, 'slim')
  assert.equal(labels[281], 'tabby')
  assert.deepEqual(about.imported, { program: 'slim', file: 'foreign.safetensors', averages: false })
  assert.equal(about.stridedPools, 'keras')
  const converted = await toolkit(words('export run --to pytorch --json'), { cwd })
  succeeds(converted)
  assert.deepEqual(JSON.parse(converted.stdout), { weights: 'run/pytorch.safetensors', tensors })
  fails(await toolkit(words('train-backbone --resume run'), { cwd }), /begin a new run with them: --init run/)
})

test('imported weights: a classifier of one’s own images, and a detector', async (t) => {
  const { cwd } = await importSmall(t, 5)
  await paintImages(join(cwd, 'images'))
  const train = '--data images --validation 8 --auxiliary 0 --batch-size 4 --steps 1 --average 0.9'
  const begun = await toolkit(
    words(`train-backbone --init run ${train} --checkpoint-steps 1 --out tuned --json`),
    { cwd },
  )
  succeeds(begun)
  assert.match(begun.stderr, /Began with \d+ tensors of run; new, .*: head\/kernel, head\/bias/)
  const { model, validation } = JSON.parse(begun.stdout)
  assert.equal(model, 'tuned/model.onnx')
  // Validation while training prepares images as the imported weights want it, and so does the exported model.
  const evaluate = async (...more: string[]) => {
    const line = words('evaluate tuned/model.onnx --data images --split validation --json')
    const evaluated = await toolkit([...line, ...more], { cwd })
    succeeds(evaluated)
    return JSON.parse(evaluated.stdout)
  }
  const { preprocessing, images, loss } = await evaluate()
  assert.deepEqual([preprocessing, images, validation.images], ['slim', 8, 8])
  assert.ok(Math.abs(loss - validation.loss) < 1e-6, `${loss} and ${validation.loss}`)
  const cover = await evaluate('--preprocessing', 'cover')
  assert.ok(Math.abs(cover.loss - loss) > 1e-4, `${cover.loss} and ${loss}`)
  const [imported, first] = await Promise.all(
    ['run', 'tuned'].map((run) => readSafetensors(join(cwd, run, 'checkpoint-0.safetensors'))),
  )
  for (const [name, { data }] of imported.tensors)
    if (!name.startsWith('head/')) {
      assert.deepEqual(first.tensors.get(name)?.data, data, name)
      assert.deepEqual(first.tensors.get(`average/${name}`)?.data, data, name)
    }
  fails(
    await toolkit(words(`train-backbone --init run ${train} --filters 12 --out other`), { cwd }),
    /run does not fit the network: it has \d+ filters instead of 12\. Leave out the flags/,
  )

  await writeRedScenes(join(cwd, 'scenes'), 4)
  const scenes = '--data scenes --annotations scenes.json'
  const small = '--preset faster-rcnn-nas-embedded --input-size 64 --batch-size 2 --max-objects 4 --threads 1'
  const detector = await toolkit(
    words(`finetune-coco --backbone run ${scenes} ${small} --steps 1 --out detector --json`),
    { cwd },
  )
  succeeds(detector)
  assert.match(detector.stderr, /Initialized \d+ tensors from run\n/)
})

test('pickles, archives and files of other kinds are refused, with what to do', async (t) => {
  const cwd = await temporaryFolder(t)
  const local = Buffer.alloc(30)
  local.write('PK\x03\x04', 'latin1')
  local.writeUInt16LE(16, 26)
  const files = {
    'picture.png': [Buffer.from('89504e470d0a1a0a', 'hex'), /holds no weights that can be imported: name/],
    'model.onnx': [Buffer.from('0808120e6e61736e', 'hex'), /holds no weights that can be imported: name/],
    'zip.pth': [Buffer.concat([local, Buffer.from('archive/data.pkl')]), /is a pickle of PyTorch/],
    'old.bin': [Buffer.from([0x80, 2, 0x8a, 10]), /torch\.load\('old\.bin'.*save_file/],
    'a.tar.gz': [Buffer.from([0x1f, 0x8b, 8, 0]), /is a packed archive; unpack it/],
  } as const
  for (const [name, [bytes, expected]] of Object.entries(files)) {
    await writeFile(join(cwd, name), bytes)
    fails(await toolkit(words(`import-weights ${name} --arch nasnet-a-large`), { cwd }), expected)
  }
  fails(
    await toolkit(words('import-weights none.h5 --arch nasnet-a-large'), { cwd }),
    /There is no file none\.h5/,
  )
  fails(await toolkit(words('import-weights none.ckpt --arch nasnet-a-large'), { cwd }), /none\.ckpt/)
})

test('networks that the program of the names does not have, and folders in use, are refused', async (t) => {
  const cwd = await temporaryFolder(t)
  const importFrom = async (program: 'keras' | 'timm') => {
    await writeTensors(cwd, tensorsOf({ ...SMALL.mobile, classes: 5 }, program))
    return toolkit(words('import-weights foreign.safetensors --arch nasnet-a-cifar --out run'), { cwd })
  }
  fails(await importFrom('keras'), /has the names of Keras, which has no network like nasnet-a-cifar; choose/)
  fails(await importFrom('timm'), /has the names of timm, which has no network like nasnet-a-cifar; choose/)
  assert.ok(!existsSync(join(cwd, 'run')))

  await mkdir(join(cwd, 'run'))
  await writeFile(join(cwd, 'run', 'config.json'), '{}')
  fails(await importFrom('keras'), /^run holds a run already; choose another folder with --out\n$/)
})
