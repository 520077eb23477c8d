import { CocoError } from '../common/problems.js'
import type { Category, CocoImage, Detection, IouType, NewAnnotation } from '../common/types.js'
import { COCO, type LoadOptions } from '../dataset/coco.js'
import { COCOeval } from './coco-eval.js'
import { CollectedCategory } from './collected-category.js'
import type { EvalParams } from './params.js'

/** Some images with all their objects. */
export interface ImageBatch {
  images: CocoImage[]
  annotations: NewAnnotation[]
}

/**
 * COCO's evaluation of images that come one after the other, in any order. What `evaluate()`, `accumulate()` and
 * `summarize()` compute is equal to the last bit to a {@link COCOeval} of all images at once, and analyses of a run take it
 * too. Of each batch only scores and decisions are kept, about 60 bytes for each detection, whatever masks it had.
 *
 *     const run = new StreamingEval(categories, 'bbox')
 *     for await (const { images, annotations, detections } of batches) await run.add({ images, annotations }, detections)
 *     run.evaluate()
 *     run.accumulate()
 *     run.summarize()
 */
export class StreamingEval extends COCOeval {
  private readonly places = new Map<number, number>()
  private settings: EvalParams | undefined
  private collected: CollectedCategory[] = []

  /** Settings are changed in `params` before the first batch. */
  constructor(categories: readonly Category[], iouType: IouType = 'segm') {
    super(new COCO({ images: [], annotations: [], categories: [...categories] }), new COCO(), iouType)
  }

  /**
   * Matches the detections of some images. A batch that is refused changes nothing.
   * @throws CocoError for entries that are wrong, unless `lenient`, and for images that came before
   */
  async add(batch: ImageBatch, detections: readonly Detection[], options: LoadOptions = {}): Promise<void> {
    const { categories } = this.cocoGt.dataset
    const coco = await COCO.load({ ...batch, categories } as never, { name: 'the batch', ...options })
    const results = await coco.loadRes(detections, { name: 'the detections', ...options })
    const again = coco.dataset.images.find(({ id }) => this.places.has(id))
    if (again)
      throw new CocoError(`Image ${again.id} was added before: an image comes with all its objects, once.`)
    const run = new COCOeval(coco, results, this.params.iouType)
    const { imgIds } = run.params
    run.params = { ...(this.settings ?? this.params), imgIds }
    run.evaluate()
    const { params, categories: found } = run.outcomes('collect')
    if (this.settings === undefined) {
      this.settings = params
      this.params = { ...structuredClone(params), imgIds: [] }
      this.collected = found.map(() => new CollectedCategory(params.areaRng.length, params.iouThrs.length))
    }
    for (const id of imgIds) this.places.set(id, this.places.size)
    const place = Int32Array.from(params.imgIds, (id) => this.places.get(id)!)
    for (const [k, one] of found.entries()) this.collected[k].add(one, place)
    this.evaluated = undefined
  }

  /** Puts together what was found in all images so far; more may follow. */
  override evaluate(): void {
    const imgIds = [...this.places.keys()].sort((a, b) => a - b)
    if (this.settings === undefined) throw new CocoError('There is nothing to evaluate: add() images first.')
    const position = new Int32Array(imgIds.length)
    for (const [i, id] of imgIds.entries()) position[this.places.get(id)!] = i
    this.params = { ...structuredClone(this.settings), imgIds }
    this.evaluated = {
      params: structuredClone(this.params),
      categories: this.collected.map((category) => category.merged(position)),
    }
    this.eval = undefined
  }

  /** As `evaluate()`: images were matched as they were added. */
  override async evaluateParallel(): Promise<void> {
    this.evaluate()
  }

  /** @internal */
  protected override comparedObjects(): never {
    throw new CocoError(
      'A streaming evaluation keeps no boxes or masks: look at single images in a COCOeval of them.',
    )
  }
}
