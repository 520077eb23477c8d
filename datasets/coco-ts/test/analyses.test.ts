import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { quantile } from '../src/analysis/bootstrap.js'
import {
  bootstrap,
  COCO,
  COCOeval,
  CocoError,
  calibration,
  compareRuns,
  confusionMatrix,
  type Dataset,
  type Detection,
  ERROR_KINDS,
  errorsByKind,
  fBetaCurves,
  type IouType,
  precisionRecallCurves,
  WeightedAp,
} from '../src/index.js'
import { golden, smallDataset, smallResults } from './support.js'

type Drawn = { annotations: Dataset; bbox: Detection[]; segm: Detection[] }
type Curve = {
  points: [score: number, precision: number, recall: number, fBeta: number][]
  best: number[] | null
}

interface Golden {
  crowded: Drawn
  plain: Drawn
  tied: Drawn
  tide: {
    mode: 'bbox' | 'mask'
    ap: number
    main: Record<string, number>
    special: Record<'FalsePos' | 'FalseNeg', number>
    counts: Record<string, number>
  }[]
  confusion: { iouThr: number; minScore: number; matrix: number[][] }[]
  fBeta: { beta: number; categories: Curve[]; all: Curve }[]
  calibration: {
    bins: number
    counts: number[]
    precision: number[]
    meanScore: number[]
    ece: number
    mce: number
  }[]
  resamples: { weights: number[]; stats: number[] }[]
  quantiles: { values: number[]; shares: number[]; quantiles: number[] }
}

const expected = golden<Golden>('analyses.json.gz')

const near = (actual: number, wanted: number, what: string): void =>
  assert.ok(Math.abs(actual - wanted) <= 1e-12, `${what} is ${actual}, expected ${wanted}`)

function allNear(actual: ArrayLike<number>, wanted: readonly number[], what: string): void {
  assert.equal(actual.length, wanted.length, what)
  wanted.forEach((value, i) => {
    near(actual[i], value, `${what}[${i}]`)
  })
}

async function pairOf(
  { annotations, ...results }: Drawn,
  iouType: 'bbox' | 'segm' = 'bbox',
): Promise<[COCO, COCO]> {
  const coco = new COCO(annotations)
  return [coco, await coco.loadRes(results[iouType])]
}

async function evaluated(
  coco: COCO,
  results: COCO | Detection[],
  iouType: IouType = 'bbox',
): Promise<COCOeval> {
  const run = new COCOeval(coco, Array.isArray(results) ? await coco.loadRes(results) : results, iouType)
  run.evaluate()
  run.accumulate()
  return run
}

describe('errors by kind, against tidecv', () => {
  const names = {
    classification: 'Cls',
    localisation: 'Loc',
    both: 'Both',
    duplicate: 'Dupe',
    background: 'Bkg',
    missed: 'Miss',
  }
  expected.tide.forEach((wanted, n) => {
    it(`${wanted.mode}, ${n < 2 ? 'crowds and a flood' : 'tied scores'}`, async () => {
      const iouType = wanted.mode === 'mask' ? 'segm' : 'bbox'
      const [coco, results] = await pairOf(n < 2 ? expected.crowded : expected.tied, iouType)
      const found = errorsByKind(coco, results, { iouType })
      near(found.ap, wanted.ap / 100, 'ap')
      for (const kind of ERROR_KINDS) {
        assert.equal(found.counts[kind], wanted.counts[names[kind]], kind)
        near(found.deltaAp[kind], wanted.main[names[kind]] / 100, `ΔAP of ${kind}`)
      }
      near(found.deltaApFalsePositives, wanted.special.FalsePos / 100, 'ΔAP of false positives')
      near(found.deltaApFalseNegatives, wanted.special.FalseNeg / 100, 'ΔAP of false negatives')
      for (const kind of ERROR_KINDS) {
        const inCategories = found.categories.reduce((sum, { counts }) => sum + counts[kind], 0)
        assert.equal(inCategories, found.counts[kind])
        assert.equal(found.errors.filter((error) => error.kind === kind).length, found.counts[kind])
      }
    })
  })

  it('names detections and objects', async () => {
    const coco = new COCO(smallDataset())
    const [first, second] = smallResults()
    const wrong = { ...first, category_id: 9, score: 0.5 }
    const found = errorsByKind(coco, await coco.loadRes([first, wrong, { ...second, bbox: [70, 50, 9, 9] }]))
    assert.deepEqual(found.errors, [
      { kind: 'background', imageId: 1, categoryId: 7, detectionId: 3, score: 0.8 },
      { kind: 'classification', imageId: 1, categoryId: 9, detectionId: 2, score: 0.5, annotationId: 11 },
      { kind: 'missed', imageId: 1, categoryId: 7, annotationId: 12 },
    ])
  })
})

describe('confusion matrix', () => {
  for (const { iouThr, minScore, matrix } of expected.confusion)
    it(`against supervision, IoU ${iouThr}, score ${minScore}`, async () => {
      const found = confusionMatrix(...(await pairOf(expected.plain)), { iouThr, minScore })
      assert.deepEqual(found.matrix, matrix)
      assert.equal(found.ignored, 0)
    })

  it('leaves out detections in a crowd of their category, and the crowd itself', async () => {
    const coco = new COCO(smallDataset())
    const inCrowd = { image_id: 2, bbox: [6, 12, 5, 5], score: 0.6 }
    const results = [
      ...smallResults(),
      { ...inCrowd, category_id: 1 },
      { ...inCrowd, category_id: 9 },
    ] as Detection[]
    const found = confusionMatrix(coco, await coco.loadRes(results))
    assert.deepEqual(
      found.categories.map(({ name }) => name),
      ['cat', 'dog', 'cup'],
    )
    assert.deepEqual(found.matrix, [
      [1, 0, 0, 0],
      [0, 1, 0, 0],
      [0, 0, 0, 0],
      [0, 0, 1, 0],
    ])
    assert.equal(found.ignored, 2)
  })

  it('refuses detections without scores', () => {
    const coco = new COCO(smallDataset())
    assert.throws(() => confusionMatrix(coco, coco), /has no score: detections come from loadRes/)
  })
})

describe('curves', () => {
  it('precision by recall are the columns of the precision array, and their mean is AP', async () => {
    const run = await evaluated(...(await pairOf(expected.crowded)))
    for (const iouThr of [0.5, 0.75]) {
      const curves = precisionRecallCurves(run, { iouThr })
      assert.deepEqual(
        curves.map(({ categoryId }) => categoryId),
        run.params.catIds,
      )
      const { precision, scores, counts } = run.eval!
      const [, R, K, A, M] = counts
      const t = run.params.iouThrs.findIndex((threshold) => Math.abs(threshold - iouThr) < 1e-9)
      curves.forEach((curve, k) => {
        for (let r = 0; r < R; r++) {
          const at = (((t * R + r) * K + k) * A + 0) * M + M - 1
          assert.equal(curve.precision[r], precision[at])
          assert.equal(curve.scores[r], scores[at])
        }
      })
      run.summarize(() => {})
      run.perCategory().forEach(({ stats }, k) => {
        near(curves[k].ap, stats[iouThr === 0.5 ? 1 : 2], `AP of category ${k}`)
      })
    }
    assert.equal(precisionRecallCurves(run).at(-1)!.ap, -1)
  })

  for (const wanted of expected.fBeta)
    it(`F-${wanted.beta} by score, against NumPy on pycocotools’ matches`, async () => {
      const run = await evaluated(...(await pairOf(expected.tied)))
      const found = fBetaCurves(run, { beta: wanted.beta })
      for (const [i, curve] of [...found.categories, found.all].entries()) {
        const { points, best } = i < wanted.categories.length ? wanted.categories[i] : wanted.all
        for (const [column, key] of (['scores', 'precision', 'recall', 'fBeta'] as const).entries())
          allNear(
            curve[key],
            points.map((point) => point[column]),
            `${curve.name}: ${key}`,
          )
        assert.equal(curve.best === undefined, best === null)
        if (curve.best && best) {
          const { score, precision, recall, fBeta } = curve.best
          allNear([score, precision, recall, fBeta], best, `${curve.name}: best`)
        }
      }
    })

  it('names settings that were not evaluated', async () => {
    const run = await evaluated(...(await pairOf(expected.plain)))
    const refused = (work: () => unknown, message: RegExp): void =>
      assert.throws(work, (error) => error instanceof CocoError && message.test(error.message))
    refused(() => fBetaCurves(run, { iouThr: 0.4 }), /threshold 0.4 was not evaluated; there are 0.5, 0.55/)
    refused(() => fBetaCurves(run, { area: 'huge' }), /"huge" was not evaluated; there are all, small/)
    refused(
      () => precisionRecallCurves(run, { maxDets: 50 }),
      /maxDets 50 was not evaluated; there are 1, 10, 100/,
    )
    refused(() => fBetaCurves(run, { beta: 0 }), /beta is 0, but must be above 0/)
    const fresh = new COCOeval(run.cocoGt, run.cocoDt, 'bbox')
    refused(() => fBetaCurves(fresh), /call evaluate\(\) first/)
    refused(() => precisionRecallCurves(fresh), /call evaluate\(\) and accumulate\(\) first/)
  })
})

describe('calibration', () => {
  for (const wanted of expected.calibration)
    it(`${wanted.bins} bins, against scikit-learn`, async () => {
      const run = await evaluated(...(await pairOf(expected.tied)))
      const found = calibration(run, { bins: wanted.bins })
      assert.deepEqual(
        found.bins.map(({ count }) => count),
        wanted.counts,
      )
      const filled = found.bins.filter(({ count }) => count > 0)
      allNear(
        filled.map(({ precision }) => precision),
        wanted.precision,
        'precision',
      )
      allNear(
        filled.map(({ meanScore }) => meanScore),
        wanted.meanScore,
        'mean score',
      )
      near(found.ece, wanted.ece, 'ECE')
      near(found.mce, wanted.mce, 'MCE')
      const inCategories = found.categories.reduce((sum, { detections }) => sum + detections, 0)
      assert.equal(inCategories, found.detections)
    })

  it('leaves out low scores, and refuses scores that are no probabilities', async () => {
    const coco = new COCO(smallDataset())
    const run = await evaluated(coco, smallResults())
    assert.equal(calibration(run, { minScore: 0.85 }).detections, 1)
    assert.ok(Math.abs(calibration(run, { minScore: 0.85 }).ece - 0.1) < 1e-12)
    const logits = await evaluated(coco, [{ ...smallResults()[0], score: 3.5 }])
    assert.throws(() => calibration(logits), /A score is 3.5, but calibration needs probabilities/)
    assert.throws(() => calibration(run, { bins: 0 }), /bins is 0/)
  })
})

describe('resampled images', () => {
  it('are measured as pycocotools measures a data set that has each image so many times', async () => {
    const model = new WeightedAp(await evaluated(...(await pairOf(expected.plain))))
    for (const { weights, stats } of expected.resamples) {
      const { ap, ap50, ap75 } = model.at(weights)
      allNear([ap, ap50!, ap75!], stats, 'AP, AP50, AP75')
    }
  })

  it('give quantiles as NumPy does', () => {
    const { values, shares, quantiles } = expected.quantiles
    const sorted = Float64Array.from(values).sort()
    allNear(
      shares.map((share) => quantile(sorted, share)),
      quantiles,
      'quantiles',
    )
  })

  it('give the same intervals for the same seed, around the metric', async () => {
    const run = await evaluated(...(await pairOf(expected.crowded)))
    const [ap, ap50, ap75] = run.summarize(() => {})
    const { metrics, images } = bootstrap(run, { resamples: 200, seed: 7 })
    assert.equal(images, expected.crowded.annotations.images.length)
    allNear([metrics.ap.value, metrics.ap50!.value, metrics.ap75!.value], [ap, ap50, ap75], 'metrics')
    for (const { low, high, value, standardError, resamples } of Object.values(metrics)) {
      assert.ok(low < value && value < high, `${low} ${value} ${high}`)
      assert.ok(standardError > 0)
      const inside = resamples.filter((one) => one >= low && one <= high).length
      assert.ok(Math.abs(inside / resamples.length - 0.95) < 0.011)
    }
    assert.deepEqual(bootstrap(run, { resamples: 200, seed: 7 }).metrics, metrics)
    assert.notDeepEqual(bootstrap(run, { resamples: 200, seed: 8 }).metrics, metrics)
  })

  it('compare two models on the same images', async () => {
    const [coco, results] = await pairOf(expected.crowded)
    const better = await evaluated(coco, results)
    const moved = expected.crowded.bbox.map(({ bbox, ...rest }): Detection => {
      const [x, y, w, h] = bbox!
      return { ...rest, bbox: [x + w / 4, y, w, h] }
    })
    const worse = await evaluated(coco, moved)
    const { differences, first, second } = compareRuns(better, worse, { resamples: 300 })
    near(differences.ap.value, first.ap.value - second.ap.value, 'difference')
    assert.deepEqual(first.ap, bootstrap(better, { resamples: 300 }).metrics.ap)
    assert.deepEqual(second.ap50, bootstrap(worse, { resamples: 300 }).metrics.ap50)
    assert.equal(
      differences.ap.shareAboveZero,
      first.ap.resamples.filter((value, n) => value > second.ap.resamples[n]).length / 300,
    )
    assert.ok(differences.ap.shareAboveZero > 0.9)
    const same = compareRuns(better, better, { resamples: 20 })
    assert.deepEqual([same.differences.ap.low, same.differences.ap.high], [0, 0])
    assert.equal(same.differences.ap.shareAboveZero, 0)
  })

  it('refuse what cannot be compared', async () => {
    const run = await evaluated(...(await pairOf(expected.crowded)))
    const other = await evaluated(...(await pairOf(expected.tied)))
    assert.throws(
      () => compareRuns(run, other, { resamples: 2 }),
      /evaluated different categories \(5 and 4\)/,
    )
    assert.throws(() => bootstrap(run, { resamples: 0 }), /resamples is 0/)
    assert.throws(() => bootstrap(run, { confidence: 95 }), /confidence is 95/)
    assert.throws(() => new WeightedAp(run).at([1]), /1 weights for 24 images/)
  })
})
