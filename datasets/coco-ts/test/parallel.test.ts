import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  bootstrap,
  COCO,
  COCOeval,
  type Dataset,
  type Detection,
  type EvalParams,
  type IouType,
  LVISeval,
  StreamingEval,
} from '../src/index.js'
import { fileIn, golden, refused, smallDataset, smallResults, temporaryFolder } from './support.js'

interface Golden {
  annotations: Dataset
  results: Record<IouType, Detection[]>
  runs: { iouType: IouType; params: Partial<EvalParams> }[]
}

const plain = golden<Golden>('eval-plain.json.gz')

/** Threads that have not ended. */
const threads = (): number => (process.report.getReport() as unknown as { workers: unknown[] }).workers.length

function assertSame(actual: COCOeval, expected: COCOeval): void {
  assert.deepEqual(actual.outcomes('compare'), expected.outcomes('compare'))
  for (const run of [actual, expected]) run.accumulate()
  for (const key of ['counts', 'precision', 'recall', 'scores'] as const)
    assert.deepEqual(actual.eval![key], expected.eval![key], key)
  const print = (): void => {}
  assert.deepEqual(actual.summarize(print), expected.summarize(print))
  assert.deepEqual(actual.perCategory(), expected.perCategory())
}

describe('evaluation in several threads', () => {
  for (const file of ['eval-plain.json.gz', 'eval-settings.json.gz'])
    it(`${file}: as in one, to the last bit`, async () => {
      const { annotations, results, runs } = golden<Golden>(file)
      const coco = new COCO(annotations)
      for (const [n, { iouType, params }] of runs.entries()) {
        const dt = await coco.loadRes(results[iouType])
        const [one, several] = [new COCOeval(coco, dt, iouType), new COCOeval(coco, dt, iouType)]
        for (const run of [one, several]) Object.assign(run.params, structuredClone(params))
        one.evaluate()
        await several.evaluateParallel({ workers: 2 + (n % 2) })
        assertSame(several, one)
        assert.equal(threads(), 0)
      }
    })

  it('takes files: polygons and boxes that are no objects yet, masks of boxes', async () => {
    const folder = temporaryFolder()
    const coco = await COCO.load(fileIn(folder, 'gt.json', JSON.stringify(plain.annotations)))
    for (const results of ['bbox', 'segm'] as const)
      for (const iouType of ['bbox', 'segm'] as const) {
        if (results === 'segm' && iouType === 'bbox') continue
        const path = fileIn(folder, 'dt.json', JSON.stringify(plain.results[results]))
        const [one, several] = [
          new COCOeval(coco, await coco.loadRes(path), iouType),
          new COCOeval(coco, await coco.loadRes(path), iouType),
        ]
        await several.evaluateParallel({ workers: 2 })
        one.evaluate()
        assertSame(several, one)
      }
  })

  it('takes LVIS, and more threads than categories', async () => {
    const { annotations, results } = golden<Golden>('lvis.json.gz')
    const coco = new COCO(annotations)
    for (const iouType of ['bbox', 'segm'] as const) {
      const dt = await coco.loadRes(results[iouType])
      const [one, several] = [new LVISeval(coco, dt, iouType), new LVISeval(coco, dt, iouType)]
      one.evaluate()
      await several.evaluateParallel({ workers: annotations.categories.length + 3 })
      assertSame(several, one)
      assert.deepEqual(bootstrap(several, { resamples: 5 }), bootstrap(one, { resamples: 5 }))
    }
  })

  it('keeps the settings with which it began', async () => {
    const coco = new COCO(plain.annotations)
    const run = new COCOeval(coco, await coco.loadRes(plain.results.bbox), 'bbox')
    const done = run.evaluateParallel({ workers: 2 })
    run.params.iouThrs = [0.5]
    await done
    assert.equal(run.outcomes('compare').params.iouThrs.length, 10)
    assert.throws(() => run.accumulate(), /iouThrs differ from those that were evaluated/)
  })

  it('says what a thread found wrong, and leaves no thread behind', async () => {
    const coco = new COCO(plain.annotations)
    const run = new COCOeval(coco, await coco.loadRes(plain.results.keypoints), 'keypoints')
    run.params.kptOksSigmas = [0.1]
    const alone = new COCOeval(coco, await coco.loadRes(plain.results.keypoints), 'keypoints')
    alone.params.kptOksSigmas = [0.1]
    assert.throws(() => alone.evaluate(), /kptOksSigmas has 1 entries: they must agree/)
    await refused(() => run.evaluateParallel({ workers: 2 }), /kptOksSigmas has 1 entries: they must agree/)
    assert.equal(threads(), 0)
    assert.throws(() => run.accumulate(), /call evaluate\(\) first/)
  })

  it('refuses a number of threads that is none', async () => {
    const coco = new COCO(smallDataset())
    const run = new COCOeval(coco, await coco.loadRes(smallResults()), 'bbox')
    for (const workers of [0, 1.5, -1, Number.NaN])
      await refused(
        () => run.evaluateParallel({ workers }),
        /workers is .*, but must be a whole number from 1/,
      )
    await run.evaluateParallel({ workers: 1 })
    run.accumulate()
  })

  it('is over at once for streams, which matched their images before', async () => {
    const stream = new StreamingEval(smallDataset().categories, 'bbox')
    const { images, annotations } = smallDataset()
    await stream.add({ images, annotations }, smallResults())
    await stream.evaluateParallel()
    stream.accumulate()
    assert.ok(stream.summarize(() => {})[1] > 0)
  })
})
