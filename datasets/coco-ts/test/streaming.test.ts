import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  bootstrap,
  COCO,
  COCOeval,
  type Dataset,
  type Detection,
  type IouType,
  StreamingEval,
} from '../src/index.js'
import { golden, smallDataset, smallResults } from './support.js'

const { annotations, results } = golden<{ annotations: Dataset; results: Record<IouType, Detection[]> }>(
  'eval-plain.json.gz',
)

/** The images in batches of two, in an order of their own, with what is in them. */
function batches(
  detections: Detection[],
): [{ images: Dataset['images']; annotations: Dataset['annotations'] }, Detection[]][] {
  const images = annotations.images.map((_, i, all) => all[(i * 5) % all.length])
  assert.equal(new Set(images).size, images.length)
  return Array.from({ length: Math.ceil(images.length / 2) }, (_, b) => {
    const some = images.slice(2 * b, 2 * b + 2)
    const isIn = ({ image_id }: { image_id: number }): boolean => some.some(({ id }) => id === image_id)
    return [{ images: some, annotations: annotations.annotations.filter(isIn) }, detections.filter(isIn)]
  })
}

describe('streaming evaluation', () => {
  for (const iouType of ['bbox', 'segm', 'keypoints'] as const)
    for (const useCats of [true, false])
      it(`${iouType}${useCats ? '' : ', without categories'}: as at once, to the last bit`, async () => {
        const coco = new COCO(annotations)
        const whole = new COCOeval(coco, await coco.loadRes(results[iouType]), iouType)
        whole.params.useCats = useCats
        whole.evaluate()
        whole.accumulate()
        const stream = new StreamingEval(annotations.categories, iouType)
        stream.params.useCats = useCats
        for (const [n, [batch, detections]] of batches(results[iouType]).entries()) {
          await stream.add(batch, detections)
          if (n === 1) stream.evaluate()
        }
        stream.evaluate()
        stream.accumulate()
        for (const key of ['counts', 'precision', 'recall', 'scores'] as const)
          assert.deepEqual(stream.eval![key], whole.eval![key], key)
        const print = (): void => {}
        assert.deepEqual(stream.summarize(print), whole.summarize(print))
        assert.deepEqual(stream.perCategory(), whole.perCategory())
        assert.deepEqual(bootstrap(stream, { resamples: 5 }), bootstrap(whole, { resamples: 5 }))
      })

  it('refuses images that came before, and entries that are wrong', async () => {
    const { images, annotations, categories } = smallDataset()
    const stream = new StreamingEval(categories, 'bbox')
    assert.throws(() => stream.evaluate(), /add\(\) images first/)
    await assert.rejects(
      stream.add({ images, annotations }, [{ ...smallResults()[0], image_id: 9 }]),
      /^CocoError: the detections: results\[0\]: image_id 9 is not the id of an image/,
    )
    await stream.add({ images, annotations }, smallResults())
    await assert.rejects(stream.add({ images: [images[1]], annotations: [] }, []), /Image 2 was added before/)
    stream.evaluate()
    stream.accumulate()
    assert.equal(stream.summarize(() => {}).length, 12)
    assert.throws(() => stream.computeIoU(1, 1), /keeps no boxes or masks/)
  })
})
