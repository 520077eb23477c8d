import type { AnnotationColumns } from '../common/annotation-columns.js'
import { annotationsOf, type BoxColumns } from '../common/box-columns.js'
import type { Annotation, Dataset } from '../common/types.js'
import type { AnnotationSource } from '../entries/sift-rows.js'

/** What a data set's annotations are made of at the first look: results that are boxes, or a file's annotations. */
export interface Unmade {
  boxes?: BoxColumns
  rows?: AnnotationSource
}

/** A data set with its indexes, each of which is made when somebody asks for it. */
export class Contents {
  private byId: ReadonlyMap<number, Annotation> | undefined
  private byImage: ReadonlyMap<number, Annotation[]> | undefined
  private imagesByCategory: ReadonlyMap<number, number[]> | undefined

  /** With anything `unmade`, the data set's annotations are that. */
  constructor(
    private readonly held: Dataset,
    anns: ReadonlyMap<number, Annotation>,
    private unmade: Unmade,
  ) {
    if (unmade.boxes === undefined && unmade.rows === undefined) this.byId = anns
  }

  /** Results that are boxes, and that nobody has seen as annotations yet. */
  get boxes(): BoxColumns | undefined {
    return this.unmade.boxes
  }

  /** A file's annotations that nobody has seen as objects yet. */
  get columns(): AnnotationColumns | undefined {
    return this.unmade.rows?.columns()
  }

  /** What else is in the data set, without making its annotations. */
  get rest(): Pick<Dataset, 'info' | 'images' | 'categories'> {
    return this.held
  }

  get dataset(): Dataset {
    const { boxes, rows } = this.unmade
    this.unmade = {}
    if (boxes) this.held.annotations = annotationsOf(boxes)
    else if (rows) this.held.annotations = rows.entries() as Annotation[]
    return this.held
  }

  get anns(): ReadonlyMap<number, Annotation> {
    this.byId ??= new Map(this.dataset.annotations.map((ann) => [ann.id, ann]))
    return this.byId
  }

  get imgToAnns(): ReadonlyMap<number, Annotation[]> {
    this.byImage ??= grouped(
      this.dataset.annotations,
      ({ image_id }) => image_id,
      (ann) => ann,
    )
    return this.byImage
  }

  get catToImgs(): ReadonlyMap<number, number[]> {
    this.imagesByCategory ??= grouped(
      this.dataset.annotations.filter(({ category_id }) => category_id !== undefined),
      ({ category_id }) => category_id,
      ({ image_id }) => image_id,
    )
    return this.imagesByCategory
  }
}

function grouped<V>(
  anns: readonly Annotation[],
  keyOf: (ann: Annotation) => number,
  pick: (ann: Annotation) => V,
): Map<number, V[]> {
  const groups = new Map<number, V[]>()
  for (const ann of anns) {
    const list = groups.get(keyOf(ann))
    if (list) list.push(pick(ann))
    else groups.set(keyOf(ann), [pick(ann)])
  }
  return groups
}
