import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { COCO, type Dataset, type Detection, fBetaCurves, LVISeval } from '../src/index.js'
import { doubles, golden } from './support.js'

interface Golden {
  annotations: Dataset
  results: Record<'bbox' | 'segm', Detection[]>
  runs: {
    iouType: 'bbox' | 'segm'
    precision: string
    recall: string
    names: string[]
    stats: string
    table: string
  }[]
}

const { annotations, results, runs } = golden<Golden>('lvis.json.gz')

function assertClose(actual: ArrayLike<number>, expected: ArrayLike<number>, what: string): void {
  assert.equal(actual.length, expected.length, what)
  for (let i = 0; i < expected.length; i++) {
    const close = Math.abs(actual[i] - expected[i]) <= 1e-12
    assert.ok(close, `${what}[${i}] is ${actual[i]}, lvis has ${expected[i]}`)
  }
}

describe('LVIS', () => {
  for (const { iouType, ...wanted } of runs)
    it(`${iouType}: the numbers of the package lvis`, async () => {
      const coco = new COCO(annotations)
      const run = new LVISeval(coco, await coco.loadRes(results[iouType]), iouType)
      run.evaluate()
      run.accumulate()
      const lines: string[] = []
      const stats = run.summarize((line) => lines.push(`${line}\n`))
      assertClose(run.eval!.precision, doubles(wanted.precision), 'precision')
      assertClose(run.eval!.recall, doubles(wanted.recall), 'recall')
      assertClose(stats, doubles(wanted.stats), 'stats')
      assert.deepEqual(run.names, wanted.names)
      assert.equal(lines.join(''), wanted.table)
    })

  it('has the numbers of each category, and analyses', async () => {
    const coco = new COCO(annotations)
    const run = new LVISeval(coco, await coco.loadRes(results.bbox), 'bbox')
    run.evaluate()
    run.accumulate()
    const rare = run.perCategory().filter(({ id }) => coco.cats.get(id)!.frequency === 'r')
    assert.equal(rare.length, 1)
    assert.equal(rare[0].stats[0], run.summarize(() => {})[6])
    assert.equal(fBetaCurves(run).categories.length, annotations.categories.length)
  })

  it('tells what each detection matched', async () => {
    const coco = new COCO(annotations)
    const run = new LVISeval(coco, await coco.loadRes(results.bbox), 'bbox')
    let ignored = 0
    for (const { id, not_exhaustive_category_ids } of annotations.images) {
      for (const category of not_exhaustive_category_ids as number[]) {
        const image = run.evaluateImg(id, category, [0, 1e10], 300)
        image?.dtMatches[0].forEach((match, d) => {
          if (match !== 0) return
          assert.equal(image.dtIgnore[0][d], true)
          ignored++
        })
      }
    }
    assert.ok(ignored > 0)
  })

  it('says what a file lacks', async () => {
    const refused = async (change: (dataset: Dataset) => void, message: RegExp): Promise<void> => {
      const dataset = structuredClone(annotations)
      change(dataset)
      const coco = new COCO(dataset)
      const detections = await coco.loadRes(results.bbox)
      assert.throws(() => new LVISeval(coco, detections, 'bbox'), message)
    }
    await refused(({ images }) => {
      delete images[1].neg_category_ids
    }, /Image 103: "neg_category_ids" must be a list of category ids, but it is missing\. Is this an LVIS/)
    await refused(({ categories }) => {
      categories[2].frequency = 'often'
    }, /Category 5: "frequency" is "often", but must be "r", "c" or "f"/)
  })
})
