import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import { COCO, COCOeval, type Dataset, type Detection, type IouType, mask } from '../src/index.js'
import { packageRoot, temporaryFolder } from './support.js'

const python = process.env.PYTHON ?? 'python3'
const installed = spawnSync(python, ['-c', 'import pycocotools.cocoeval'], { stdio: 'ignore' }).status === 0
const skip = installed
  ? false
  : `pycocotools is not installed for ${python} (PYTHON names another interpreter)`
const peer = join(packageRoot, 'test', 'peer')
const folder = temporaryFolder()

/** Runs Python and parses what it prints. */
function ask<T>(script: string, ...args: string[]): T {
  const code = `import sys; sys.dont_write_bytecode = True; sys.path.insert(0, ${JSON.stringify(peer)})\n${script}`
  return JSON.parse(execFileSync(python, ['-c', code, ...args], { maxBuffer: 2 ** 30 }).toString()) as T
}

async function assertSame(
  gt: Dataset | string,
  results: Detection[],
  iouType: IouType,
  params: object = {},
): Promise<void> {
  const [gtPath, dtPath, out] = ['gt.json', 'dt.json', 'out.bin'].map((name) => join(folder, name))
  if (typeof gt !== 'string') writeFileSync(gtPath, JSON.stringify(gt))
  writeFileSync(dtPath, JSON.stringify(results))
  const annotations = typeof gt === 'string' ? gt : gtPath
  execFileSync(python, [join(peer, 'evaluate.py'), annotations, dtPath, iouType, out, JSON.stringify(params)])
  const expected = new Float64Array(new Uint8Array(readFileSync(out)).buffer)
  const { counts, table } = JSON.parse(readFileSync(`${out}.json`, 'utf8')) as {
    counts: number[]
    table: string
  }

  const coco = await COCO.load(annotations)
  const run = new COCOeval(coco, await coco.loadRes(dtPath), iouType)
  Object.assign(run.params, params)
  run.evaluate()
  run.accumulate()
  const lines: string[] = []
  run.summarize((line) => lines.push(`${line}\n`))
  const { precision, recall, scores } = run.eval!
  assert.deepEqual(run.eval!.counts, counts)
  let at = 0
  for (const [name, part] of Object.entries({ precision, recall, scores, stats: run.stats })) {
    for (let i = 0; i < part.length; i++, at++) {
      if (Math.abs(part[i] - expected[at]) > 1e-12) {
        assert.fail(`${iouType}: ${name}[${i}] is ${part[i]}, pycocotools has ${expected[at]}`)
      }
    }
  }
  assert.equal(at, expected.length)
  assert.equal(lines.join(''), table)
}

interface Drawn {
  gt: Dataset
  results: Record<IouType, Detection[]>
}

function drawn(seed: number, options: string): Drawn {
  const script = `
import json
from drawn import drawn, compressed
gt, results = drawn(int(sys.argv[1]), ${options})
results['segm'] = compressed(results['segm'])
print(json.dumps({'gt': gt, 'results': results}))`
  return ask<Drawn>(script, String(seed))
}

describe('evaluation, beside pycocotools', { skip }, () => {
  const kinds = [
    'images=40, categories=6',
    'images=25, categories=3, crowd=0.6, tie_decimals=0',
    'images=60, categories=20, tie_decimals=3, flood=False',
    'images=30, categories=2, side=700',
  ]
  kinds.forEach((options, seed) => {
    it(options, async () => {
      const { gt, results } = drawn(seed + 10, options)
      for (const iouType of ['bbox', 'segm', 'keypoints'] as const)
        await assertSame(gt, results[iouType], iouType)
      await assertSame(gt, results.bbox, 'bbox', { useCats: 0, maxDets: [1, 50, 200] })
    })
  })

  it('odd ids: annotations with the id 0, and below', async () => {
    const { gt, results } = drawn(99, 'images=20, categories=3')
    gt.annotations.forEach((ann, i) => {
      ann.id = i - 10
    })
    await assertSame(gt, results.bbox, 'bbox')
  })

  it('boxes whose other fields are in an unusual form', async () => {
    const { gt, results } = drawn(7, 'images=30, categories=4')
    const forms = [
      [],
      [[]],
      null,
      {},
      '',
      [[8, 10, 32, 40]],
      [[1, 2, 3, 4, 5, 6, 7]],
      { size: [1, 1], counts: [9] },
    ]
    gt.annotations.forEach((ann, i) => {
      Object.assign(ann, {
        segmentation: forms[i % forms.length],
        iscrowd: Boolean(ann.iscrowd),
        keypoints: null,
      })
      if (i % 5 === 0) ann.area = 0
    })
    await assertSame(gt, results.bbox, 'bbox')
  })

  it('masks with a polygon of two corners beside a whole one', async () => {
    const { gt, results } = drawn(8, 'images=30, categories=4')
    gt.annotations.forEach((ann, i) => {
      if (!Array.isArray(ann.segmentation)) return
      ann.segmentation = [...ann.segmentation, [i % 50, 3, 40, i % 30], [5, 5]]
    })
    await assertSame(gt, results.segm, 'segm')
  })

  const coco128 = process.env.COCO128 ?? findUp('.data/coco128')
  const annotations = join(coco128 ?? '', 'annotations', 'instances_train2017.json')
  const absent = existsSync(annotations) ? false : 'COCO128 is not there (COCO128 names its folder)'
  it('COCO128 with perturbed detections', { skip: absent }, async () => {
    const coco = await COCO.load(annotations)
    let state = 12345
    const random = (): number => {
      state = (state * 1103515245 + 12345) % 2 ** 31
      return state / 2 ** 31
    }
    const cats = coco.getCatIds()
    const boxes: Detection[] = []
    const masks: Detection[] = []
    for (const ann of coco.dataset.annotations) {
      for (let n = Math.floor(random() * 4); n > 0; n--) {
        const spread = [0.02, 0.1, 0.3][Math.floor(random() * 3)]
        const [x, y, w, h] = ann.bbox
        const shake = (size: number): number => (random() - 0.5) * spread * size
        const category = random() < 0.9 ? ann.category_id : cats[Math.floor(random() * cats.length)]
        const head = {
          image_id: ann.image_id,
          category_id: category,
          score: Math.round(random() * 100) / 100,
        }
        boxes.push({ ...head, bbox: [x + shake(w), y + shake(h), w + shake(w), h + shake(h)] })
        const { height, width } = coco.imgs.get(ann.image_id)!
        const part = mask.frPyObjects(
          [[x + shake(w), y + shake(h), w, h]] as [number, number, number, number][],
          height,
          width,
        )
        const segmentation = mask.merge([coco.annToRLE(ann), part[0]], random() < 0.5)
        if (mask.area(segmentation) > 0) masks.push({ ...head, segmentation })
      }
    }
    await assertSame(annotations, boxes, 'bbox')
    await assertSame(annotations, masks, 'segm')
  })

  it('COCO128’s own masks', { skip: absent }, async () => {
    const coco = await COCO.load(annotations)
    const expected = ask<string[]>(
      `
import contextlib, io, json
from pycocotools.coco import COCO
with contextlib.redirect_stdout(io.StringIO()):
    coco = COCO(sys.argv[1])
print(json.dumps([coco.annToRLE(ann)['counts'].decode() for ann in coco.dataset['annotations']]))`,
      annotations,
    )
    assert.deepEqual(
      coco.dataset.annotations.map((ann) => coco.annToRLE(ann).counts),
      expected,
    )
  })
})

/** The nearest folder of that name in this package or above it. */
function findUp(name: string): string | undefined {
  for (let folder = packageRoot; ; folder = dirname(folder)) {
    if (existsSync(join(folder, name))) return join(folder, name)
    if (folder === dirname(folder)) return undefined
  }
}
