import {
  addProblem,
  CocoError,
  createProblemLog,
  describeProblem,
  type ProblemKind,
} from '../common/problems.js'
import type {
  Annotation,
  Box,
  Category,
  CocoImage,
  Dataset,
  Detection,
  NewAnnotation,
  NewCategory,
  NewImage,
} from '../common/types.js'
import { detectionFault, type ResultForm, resultForm } from '../entries/results-form.js'
import { annotationFault, categoryFault, imageFault } from '../entries/validate.js'
import { runsArea, runsBox } from '../masks/rle.js'
import { drawSegmentation } from '../masks/segmentation.js'
import type { COCO } from './coco.js'
import { listTexts, toJson, writeWhole } from './write-json.js'

function refuse(
  fault: { kind: ProblemKind; message: string } | undefined,
  section: string,
  index: number,
): void {
  if (!fault) return
  const problem = { ...fault, section, index }
  const log = createProblemLog()
  addProblem(log, problem)
  throw new CocoError(`${describeProblem(problem)}.`, log)
}

/**
 * Writes a results file (packed where `path` ends in .gz), checking each detection on its way; with `coco`, also
 * that its image and category are there. Nothing is left at `path` unless all are good.
 * @throws CocoError that names the first detection that is wrong
 */
export async function writeResults(
  path: string,
  detections: AsyncIterable<Detection> | Iterable<Detection>,
  coco?: COCO,
): Promise<void> {
  let form: ResultForm | undefined
  const texts = listTexts(detections, (detection, index) => {
    if (index === 0) form = resultForm(detection)
    refuse(detectionFault(detection, coco, form), 'results', index)
  })
  await writeWhole(path, texts)
}

/**
 * Puts an annotation file together, refusing at once what would not be valid. Ids are given out from 1 where none
 * is given; an annotation's area and box come from its mask, or the area from its box, where they are left out.
 */
export class DatasetBuilder {
  private readonly head: Omit<Partial<Dataset>, 'images' | 'annotations' | 'categories'>
  private readonly imgs = new Map<number, CocoImage>()
  private readonly cats = new Map<number, Category>()
  private readonly anns = new Map<number, Annotation>()
  private readonly lastId = { images: 0, categories: 0, annotations: 0 }

  /** `head` is what goes before the lists: `info`, `licenses`. */
  constructor(head: { info?: Record<string, unknown>; licenses?: unknown[] } = {}) {
    this.head = head
  }

  addImage(image: NewImage): number {
    return this.add('images', this.imgs, image as CocoImage, (entry) => imageFault(entry, this.imgs))
  }

  addCategory(category: NewCategory): number {
    return this.add('categories', this.cats, category as Category, (entry) => categoryFault(entry, this.cats))
  }

  addAnnotation(annotation: NewAnnotation): number {
    const known = { imgs: this.imgs, cats: this.cats }
    const complete = this.complete({ iscrowd: 0, ...annotation } as Annotation)
    return this.add('annotations', this.anns, complete, (entry) => annotationFault(entry, this.anns, known))
  }

  build(): Dataset {
    return {
      ...this.head,
      images: [...this.imgs.values()],
      annotations: [...this.anns.values()],
      categories: [...this.cats.values()],
    }
  }

  /** Writes the annotation file; packed where `path` ends in .gz. */
  async write(path: string): Promise<void> {
    const { head, imgs, cats, anns } = this
    const always = (): void => {}
    async function* texts(): AsyncGenerator<string> {
      yield '{\n'
      for (const [key, value] of Object.entries(head)) yield `${JSON.stringify(key)}: ${toJson(value)},\n`
      yield '"images": '
      yield* listTexts(imgs.values(), always)
      yield ',\n"categories": '
      yield* listTexts(cats.values(), always)
      yield ',\n"annotations": '
      yield* listTexts(anns.values(), always)
      yield '}\n'
    }
    await writeWhole(path, texts())
  }

  private add<T extends { id: number }>(
    section: 'images' | 'categories' | 'annotations',
    entries: Map<number, T>,
    entry: T,
    faultOf: (entry: T) => { kind: ProblemKind; message: string } | undefined,
  ): number {
    const withId = { ...entry, id: entry.id ?? this.lastId[section] + 1 }
    refuse(faultOf(withId), section, entries.size)
    entries.set(withId.id, withId)
    this.lastId[section] = Math.max(this.lastId[section], withId.id)
    return withId.id
  }

  private complete(annotation: Annotation): Annotation {
    const image = this.imgs.get(annotation.image_id)
    const { segmentation, bbox, area } = annotation
    if (bbox !== undefined && area !== undefined) return annotation
    if (segmentation === undefined)
      return bbox?.length === 4 ? { ...annotation, area: bbox[2] * bbox[3] } : annotation
    if (!image) return annotation
    // Checked before it is drawn; the box and the area stand in for those that are derived from it.
    const id = annotation.id ?? this.lastId.annotations + 1
    const standIn = { ...annotation, id, bbox: bbox ?? [0, 0, 0, 0], area: area ?? 0 }
    refuse(
      annotationFault(standIn, this.anns, { imgs: this.imgs, cats: this.cats }),
      'annotations',
      this.anns.size,
    )
    const runs = drawSegmentation(segmentation, image.height, image.width)
    const box: Box = [0, 0, 0, 0]
    runsBox(runs, box)
    return { ...annotation, bbox: bbox ?? box, area: area ?? runsArea(runs.counts) }
  }
}
