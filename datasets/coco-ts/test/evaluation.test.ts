import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  COCO,
  COCOeval,
  CocoError,
  type Dataset,
  type Detection,
  type EvalParams,
  type IouType,
} from '../src/index.js'
import { doubles, golden, smallDataset, smallResults } from './support.js'

interface GoldenRun {
  iouType: IouType
  params: Partial<EvalParams>
  counts: number[]
  precision: string
  recall: string
  scores: string
  stats: string
  table: string
}

interface GoldenEvaluation {
  annotations: Dataset
  results: Record<IouType, Detection[]>
  runs: GoldenRun[]
}

function assertClose(actual: ArrayLike<number>, expected: ArrayLike<number>, what: string): void {
  assert.equal(actual.length, expected.length, what)
  for (let i = 0; i < expected.length; i++) {
    const close = Math.abs(actual[i] - expected[i]) <= 1e-12
    assert.ok(close, `${what}[${i}] is ${actual[i]}, pycocotools has ${expected[i]}`)
  }
}

for (const file of ['eval-plain.json.gz', 'eval-settings.json.gz']) {
  describe(`evaluation, against pycocotools: ${file}`, () => {
    const { annotations, results, runs } = golden<GoldenEvaluation>(file)
    for (const run of runs) {
      it(`${run.iouType} ${JSON.stringify(run.params)}`, async () => {
        const coco = new COCO(annotations)
        const evaluation = new COCOeval(coco, await coco.loadRes(results[run.iouType]), run.iouType)
        Object.assign(evaluation.params, run.params)
        evaluation.evaluate()
        evaluation.accumulate()
        const lines: string[] = []
        evaluation.summarize((line) => lines.push(line))
        assert.deepEqual(evaluation.eval!.counts, run.counts)
        assertClose(evaluation.eval!.precision, doubles(run.precision), 'precision')
        assertClose(evaluation.eval!.recall, doubles(run.recall), 'recall')
        assertClose(evaluation.eval!.scores, doubles(run.scores), 'scores')
        assertClose(evaluation.stats, doubles(run.stats), 'stats')
        assert.equal(lines.map((line) => `${line}\n`).join(''), run.table)
      })
    }
  })
}

async function statsOf(dataset: Dataset, results: Detection[], iouType: IouType): Promise<number[]> {
  const coco = new COCO(dataset)
  const run = new COCOeval(coco, await coco.loadRes(results), iouType)
  run.evaluate()
  run.accumulate()
  return run.summarize(() => {})
}

describe('evaluation', () => {
  it('gives detections equal to the objects an average precision of 1', async () => {
    const object = fc.record({
      image: fc.integer({ min: 1, max: 3 }),
      category: fc.constantFrom(1, 7, 9),
      at: fc.tuple(fc.integer({ min: 0, max: 500 }), fc.integer({ min: 0, max: 500 })),
      size: fc.tuple(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 300 })),
    })
    const objects = fc.uniqueArray(object, {
      minLength: 1,
      maxLength: 30,
      selector: (one) => JSON.stringify(one.at),
    })
    await fc.assert(
      fc.asyncProperty(objects, async (list) => {
        const dataset = smallDataset()
        dataset.annotations = list.map(({ image, category, at, size }, i) => ({
          id: i + 1,
          image_id: image,
          category_id: category,
          bbox: [...at, ...size],
          area: size[0] * size[1],
        }))
        const results = dataset.annotations.map(({ image_id, category_id, bbox }) => ({
          image_id,
          category_id,
          bbox,
          score: 1,
        }))
        const [ap, ap50, ap75] = await statsOf(dataset, results, 'bbox')
        for (const value of [ap, ap50, ap75]) assert.ok(Math.abs(value - 1) < 1e-12, `AP is ${value}`)
      }),
    )
  })

  it('takes an empty list of results for what it is: nothing found', async () => {
    const stats = await statsOf(smallDataset(), [], 'bbox')
    assert.equal(stats[0], 0)
    assert.equal(stats[8], 0)
    assert.equal(stats[5], -1) // there are no large objects
  })

  it('tells categories apart', async () => {
    const coco = new COCO(smallDataset())
    const run = new COCOeval(coco, await coco.loadRes(smallResults().slice(0, 1)), 'bbox')
    run.evaluate()
    run.accumulate()
    const [cat, dog, cup] = run.perCategory()
    assert.deepEqual([cat.name, dog.name, cup.name], ['cat', 'dog', 'cup'])
    assert.ok(Math.abs(cat.stats[1] - 1) < 1e-12)
    assert.equal(dog.stats[1], 0)
    assert.equal(cup.stats[1], -1)
  })

  it('shows the matches of one image', async () => {
    const coco = new COCO(smallDataset())
    const run = new COCOeval(coco, await coco.loadRes(smallResults()), 'bbox')
    const image = run.evaluateImg(1, 1, [0, 1e10], 100)!
    assert.deepEqual(image.dtIds, [1])
    assert.deepEqual(image.gtIds, [11])
    assert.equal(image.dtMatches[0][0], 11)
    assert.equal(image.gtMatches[0][0], 1)
    assert.equal(image.dtMatches[9][0], 0) // 19/21 = 0.905 is below 0.95
    assert.equal(run.computeIoU(1, 1)[0][0], (19 * 30) / (21 * 30))
    assert.equal(run.evaluateImg(3, 1, [0, 1e10], 100), null)
    const crowd = run.evaluateImg(2, 1, [0, 1e10], 100)!
    assert.deepEqual([crowd.gtIgnore, crowd.dtIgnore[0]], [[true], [true]])
  })

  it('accumulates a part of what was evaluated', async () => {
    const { annotations, results } = golden<GoldenEvaluation>('eval-plain.json.gz')
    const coco = new COCO(annotations)
    const detections = await coco.loadRes(results.bbox)
    const whole = new COCOeval(coco, detections, 'bbox')
    whole.evaluate()
    const part = { ...whole.params, imgIds: whole.params.imgIds.slice(2, 9), catIds: [5, 3], maxDets: [10] }
    whole.accumulate(part)
    const alone = new COCOeval(coco, detections, 'bbox')
    Object.assign(alone.params, { imgIds: part.imgIds, catIds: [3, 5], maxDets: [10] })
    alone.evaluate()
    alone.accumulate()
    const [T, R, K, A] = whole.eval!.counts
    assert.equal(K, 2)
    for (let i = 0; i < T * R; i++) {
      for (let a = 0; a < A; a++) {
        assert.equal(whole.eval!.precision[(i * 2 + 0) * A + a], alone.eval!.precision[(i * 2 + 1) * A + a])
        assert.equal(whole.eval!.precision[(i * 2 + 1) * A + a], alone.eval!.precision[(i * 2 + 0) * A + a])
      }
    }
  })

  it('says what was left out or set wrong', async () => {
    const coco = new COCO(smallDataset())
    const results = await coco.loadRes(smallResults())
    const refused = (run: () => unknown, message: RegExp): void =>
      assert.throws(run, (error) => error instanceof CocoError && message.test(error.message))
    refused(() => new COCOeval(coco, results, 'boxes' as IouType), /iouType is "boxes"/)
    const run = new COCOeval(coco, results, 'bbox')
    refused(() => run.accumulate(), /evaluate\(\) first/)
    refused(() => run.summarize(), /accumulate\(\) first/)
    run.params.maxDets = []
    refused(() => run.evaluate(), /maxDets is empty/)
    run.params.maxDets = [10]
    run.evaluate()
    refused(() => run.accumulate({ ...run.params, maxDets: [100] }), /larger than those/)
    refused(() => run.accumulate({ ...run.params, iouThrs: [0.1] }), /iouThrs differ/)
    run.accumulate()
    refused(() => run.summarize(), /give three/)
    refused(() => new COCOeval(coco, results, 'keypoints').evaluate(), /no keypoints/)
    refused(() => new COCOeval(coco, coco, 'bbox').evaluate(), /score/)
  })
})
