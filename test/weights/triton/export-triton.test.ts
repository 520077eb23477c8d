/** `toolkit export RUN --to triton`: what lies in the repository, and that the model answers what its config says. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { openSession } from '../../../src/runtime/session.js'
import { readModelCard } from '../../../src/shared/read-model.js'
import { buildDetectorStep } from '../../../src/train/detection/step.js'
import { createRun } from '../../../src/train/tasks.js'
import { importWeights } from '../../../src/weights/convert/import-weights.js'
import { fails, succeeds, toolkit } from '../../helpers/commands/toolkit.js'
import { SIZE, tinyDetector } from '../../helpers/train/detection/tiny-detector.js'
import { SMALL, tensorsOf, writeTensors } from '../../helpers/weights/weight-files.js'

const run = promisify(execFile)
const python = process.env.PYTHON ?? 'python3'
const hasSchema = await run(python, ['-c', 'from tritonclient.grpc import model_config_pb2']).then(
  () => true,
  () => false,
)

interface TritonConfig {
  name: string
  backend: string
  max_batch_size?: number
  dynamic_batching?: object
  input: { name: string; data_type: string; dims: string[] }[]
  output: { name: string; data_type: string; dims: string[]; label_filename?: string }[]
}

/** The config as NVIDIA's schema reads it. */
async function parsed(path: string): Promise<TritonConfig> {
  const script = `
import sys
from google.protobuf import json_format, text_format
from tritonclient.grpc import model_config_pb2
config = text_format.Parse(open(sys.argv[1]).read(), model_config_pb2.ModelConfig())
print(json_format.MessageToJson(config, preserving_proto_field_name=True))`
  return JSON.parse((await run(python, ['-c', script, path])).stdout)
}

const filesIn = async (folder: string) => (await readdir(folder, { recursive: true })).sort()
const FILES = ['1', join('1', 'model.onnx'), 'config.pbtxt', 'labels.txt']

describe('a model repository for Triton', () => {
  let folder: string
  after(() => rm(folder, { recursive: true }))
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'toolkit-test-'))
    const network = { ...SMALL.cifar, classes: 5 }
    const labels = join(folder, 'labels.txt')
    await writeFile(labels, 'a\nb\nc\nd\ne\n')
    const weights = await writeTensors(folder, tensorsOf(network, 'toolkit'))
    await importWeights([weights], join(folder, 'classifier'), { ...network, labels })
    const config = tinyDetector()
    const step = await buildDetectorStep(config, { imageSize: [SIZE, SIZE], classes: 2 })
    const detector = await createRun(join(folder, 'detector'), config)
    await detector.save({ step: 1, seconds: 1, layout: step.layout, state: await step.state() })
    await detector.close()
    await step.close()
  })
  const exported = (...args: string[]) => toolkit(['export', ...args], { cwd: folder })
  const repository = (...path: string[]) => join(folder, 'repository', ...path)

  it('holds a classifier, computed in batches', async () => {
    const written = await exported('classifier', '--to', 'triton', 'repository', '--name', 'letters')
    succeeds(written)
    assert.equal(
      written.stdout,
      `Wrote ${join('repository', 'letters')}: 5 classes, in batches\nNext: tritonserver --model-repository=repository\n`,
    )
    assert.deepEqual(await filesIn(repository('letters')), FILES)
    succeeds(await exported('classifier', '--out', 'alone.onnx'))
    const model = await readFile(repository('letters', '1', 'model.onnx'))
    assert.deepEqual(model, await readFile(join(folder, 'alone.onnx')))
    const { labels } = await readModelCard(join(folder, 'alone.onnx'))
    assert.equal(await readFile(repository('letters', 'labels.txt'), 'utf8'), `${labels.join('\n')}\n`)
    assert.match(await readFile(repository('letters', 'config.pbtxt'), 'utf8'), /^name: "letters"$/m)
  })

  it('holds a detector beside it, one image at a time, under its own name', async () => {
    const written = await exported('detector', '--to', 'triton', 'repository', '--json')
    succeeds(written)
    const { folder: place, model } = JSON.parse(written.stdout)
    assert.deepEqual([place, model], [join('repository', 'faster-rcnn-tiny-1x16'), 'faster-rcnn-tiny-1x16'])
    assert.deepEqual(await filesIn(join(folder, place)), FILES)
    assert.deepEqual((await readdir(repository())).sort(), [model, 'letters'])
    const config = await readFile(join(folder, place, 'config.pbtxt'), 'utf8')
    assert.doesNotMatch(config, /max_batch_size|dynamic_batching|label_filename/)
  })

  describe('as NVIDIA’s schema reads it', {
    skip: !hasSchema && 'Python’s tritonclient is not installed',
  }, () => {
    for (const [name, images] of [
      ['letters', 3],
      ['faster-rcnn-tiny-1x16', 1],
    ] as const)
      it(`says what ${name} takes and answers`, async () => {
        const config = await parsed(repository(name, 'config.pbtxt'))
        assert.equal(config.name, name)
        assert.equal(config.backend, 'onnxruntime')
        const batched = config.max_batch_size !== undefined
        assert.equal(batched, images > 1)
        assert.equal(config.dynamic_batching !== undefined, batched)
        const shapeOf = ({ dims }: { dims: string[] }) => [...(batched ? [images] : []), ...dims.map(Number)]
        const session = await openSession(await readFile(repository(name, '1', 'model.onnx')))
        const [input] = config.input
        const shape = shapeOf(input)
        const data = new Uint8Array(shape.reduce((product, size) => product * size))
        const answers = await session.run({ [input.name]: { type: 'uint8', shape, data } })
        await session.close()
        const types = { TYPE_FP32: 'float32', TYPE_INT32: 'int32' } as Record<string, string>
        assert.deepEqual(
          config.output.map((output) => [output.name, types[output.data_type], shapeOf(output)]),
          Object.entries(answers).map(([name, { type, shape }]) => [name, type, shape]),
        )
      })
  })

  it('is not written over, nor with names and flags that cannot be', async () => {
    await mkdir(join(folder, 'kept', 'letters'), { recursive: true })
    await writeFile(join(folder, 'kept', 'letters', 'mine'), '')
    const to = (...args: string[]) => exported('classifier', '--to', 'triton', ...args)
    fails(await to('kept', '--name', 'letters'), /letters is not empty; choose another name with --name/)
    fails(await to('kept', '--name', '../letters'), /"\.\.\/letters" cannot be the name of a model in Triton/)
    fails(await to('alone.onnx', '--name', 'x'), /alone\.onnx/)
    fails(await to(), /toolkit export classifier --to triton FOLDER/)
    fails(await to('kept', '--out', 'x'), /--to triton writes a folder/)
    fails(await exported('classifier', 'kept'), /kept is one argument too many/)
    fails(await exported('classifier', '--name', 'x'), /--name is for --to triton only/)
    assert.deepEqual(await filesIn(join(folder, 'kept')), ['letters', join('letters', 'mine')])
  })

  it('leaves nothing behind when it fails', async () => {
    const run = await createRun(join(folder, 'untrained'), tinyDetector())
    await run.close()
    fails(await exported('untrained', '--to', 'triton', 'new'), /untrained has no checkpoint yet/)
    assert.ok(!(await readdir(folder)).includes('new'))
  })

  it('takes an empty folder that is there', async () => {
    await mkdir(join(folder, 'other', 'letters'), { recursive: true })
    succeeds(await exported('classifier', '--to', 'triton', 'other', '--name', 'letters'))
    assert.deepEqual(await filesIn(join(folder, 'other', 'letters')), FILES)
  })
})
