import { CocoError } from '../common/problems.js'
import type { Annotation, IouType } from '../common/types.js'
import type { COCO } from '../dataset/coco.js'
import { COCOeval } from '../eval/coco-eval.js'
import type { MatchRules } from '../eval/evaluate-category.js'
import { pairwiseSum } from '../eval/numeric.js'
import { fixed } from '../eval/summarize.js'
import { type Table, tableOf } from '../eval/table.js'
import {
  countedDetections,
  type FederatedImage,
  FREQUENCIES,
  type Frequency,
  federatedImages,
  frequenciesOf,
} from './federated.js'

/** One of LVIS' numbers. */
interface Row {
  name: string
  measure: 'precision' | 'recall'
  iouThr?: number
  area?: string
  frequency?: Frequency
}

/**
 * LVIS' evaluation of detections (Gupta, Dollár & Girshick, "LVIS: A Dataset for Large Vocabulary Instance
 * Segmentation", 2019), equal to the Python package lvis (0.5.3). It differs from COCO's in four points:
 *
 * - up to 300 detections an image count, of all categories together;
 * - a detection counts only where its category has objects in the image, or is in the image's `neg_category_ids`;
 * - a detection of no object is ignored where its category is in the image's `not_exhaustive_category_ids`;
 * - there are no crowds; objects with `ignore` are ignored.
 *
 * `summarize()` returns 13 numbers: AP, AP50, AP75, APs, APm, APl, APr, APc, APf (of rare, common and frequent
 * categories), AR@300, ARs@300, ARm@300, ARl@300. Everything else is as in {@link COCOeval}.
 */
export class LVISeval extends COCOeval {
  private readonly federated: ReadonlyMap<number, FederatedImage>
  private readonly frequencies: ReadonlyMap<number, Frequency>

  /** @throws CocoError for annotations without what LVIS adds to COCO's format */
  constructor(lvisGt: COCO, lvisDt: COCO, iouType: Exclude<IouType, 'keypoints'> = 'segm') {
    super(lvisGt, lvisDt, iouType)
    if ((iouType as IouType) === 'keypoints')
      throw new CocoError('LVIS evaluates "bbox" and "segm": it has no keypoints.')
    this.federated = federatedImages(lvisGt)
    this.frequencies = frequenciesOf(lvisGt)
    this.params.maxDets = [300]
  }

  /** The names of the numbers that `summarize()` returns. */
  get names(): string[] {
    return this.rows().map(({ name }) => name)
  }

  override summarize(print: (line: string) => void = console.log): number[] {
    this.stats = this.statsOf()
    this.rows().forEach((row, i) => {
      print(this.lineOf(row, this.stats[i]))
    })
    return this.stats
  }

  /** @internal */
  protected override statsOf(k?: number): number[] {
    return this.rows().map((row) => this.meanOf(row, k))
  }

  /** @internal */
  protected override comparedObjects(imgId?: number): readonly Annotation[] {
    // A crowd is an object like others.
    return super.comparedObjects(imgId).map((object) => (object.iscrowd ? { ...object, iscrowd: 0 } : object))
  }

  /** @internal */
  protected override comparedDetections(imgId?: number): readonly Annotation[] {
    const most = Math.max(...this.params.maxDets)
    const images = imgId === undefined ? [...this.cocoDt.imgToAnns.keys()] : [imgId]
    return images.flatMap((id) =>
      countedDetections(
        this.cocoGt.imgToAnns.get(id) ?? [],
        this.cocoDt.imgToAnns.get(id) ?? [],
        this.federated.get(id)!.negative,
        most,
      ),
    )
  }

  /** @internal */
  protected override objectTable(): Table {
    return tableOf(this.comparedObjects(), this.params.iouType === 'bbox')
  }

  /** @internal */
  protected override detectionTable(): Table {
    return tableOf(this.comparedDetections(), this.params.iouType === 'bbox')
  }

  /** @internal */
  protected override matchRules(): MatchRules {
    return {
      isIgnored: (object) => Boolean(object.ignore),
      isExempt: ({ image_id, category_id }) => this.federated.get(image_id)!.notExhaustive.has(category_id),
    }
  }

  private rows(): Row[] {
    const most = Math.max(...this.params.maxDets)
    const sizes = ['small', 'medium', 'large']
    return [
      { name: 'AP', measure: 'precision' },
      { name: 'AP50', measure: 'precision', iouThr: 0.5 },
      { name: 'AP75', measure: 'precision', iouThr: 0.75 },
      ...sizes.map((area): Row => ({ name: `AP${area[0]}`, measure: 'precision', area })),
      ...FREQUENCIES.map((frequency): Row => ({ name: `AP${frequency}`, measure: 'precision', frequency })),
      { name: `AR@${most}`, measure: 'recall' },
      ...sizes.map((area): Row => ({ name: `AR${area[0]}@${most}`, measure: 'recall', area })),
    ]
  }

  /** Mean of the defined values among those of a row, added up in NumPy's order; with `only`, of one category. */
  private meanOf({ measure, iouThr, area = 'all', frequency }: Row, only?: number): number {
    const { params, counts, [measure]: values } = this.accumulated()
    const [T, R, K, A, M] = counts
    const recalls = measure === 'precision' ? R : 1
    const a = params.areaRngLbl.indexOf(area)
    const categories = params.useCats ? params.catIds : [-1]
    const defined: number[] = []
    for (let t = 0; t < T; t++) {
      if (iouThr !== undefined && params.iouThrs[t] !== iouThr) continue
      for (let r = 0; r < recalls; r++) {
        for (let k = 0; k < K; k++) {
          if (only !== undefined && k !== only) continue
          if (frequency !== undefined && this.frequencies.get(categories[k]) !== frequency) continue
          const value = values[(((t * recalls + r) * K + k) * A + a) * M + M - 1]
          if (value > -1) defined.push(value)
        }
      }
    }
    return defined.length === 0 ? -1 : pairwiseSum(defined) / defined.length
  }

  private lineOf({ measure, iouThr, area = 'all', frequency }: Row, value: number): string {
    const { iouThrs, maxDets } = this.params
    const title = measure === 'precision' ? 'Average Precision  (AP)' : 'Average Recall     (AR)'
    const iou =
      iouThr === undefined
        ? `${fixed(iouThrs[0], 2)}:${fixed(iouThrs[iouThrs.length - 1], 2)}`
        : fixed(iouThr, 2)
    const limit = String(Math.max(...maxDets)).padStart(3)
    // As the package lvis prints it.
    const size = area === 'all' ? area : area[0]
    return ` ${title} @[ IoU=${iou.padEnd(9)} | area=${size.padStart(6)} | maxDets=${limit} catIds=${(frequency ?? 'all').padStart(3)}] = ${fixed(value, 3)}`
  }
}
