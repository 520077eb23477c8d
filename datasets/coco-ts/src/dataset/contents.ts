import { annotationsOf, type BoxColumns } from '../common/box-columns.js'
import type { Annotation, Dataset } from '../common/types.js'

/** A data set with its indexes, each of which is made when somebody asks for it. */
export class Contents {
  private byId: ReadonlyMap<number, Annotation> | undefined
  private byImage: ReadonlyMap<number, Annotation[]> | undefined
  private imagesByCategory: ReadonlyMap<number, number[]> | undefined

  /** With `boxes`, the data set's annotations are those, and are made of them at the first look. */
  constructor(
    private readonly held: Dataset,
    anns: ReadonlyMap<number, Annotation>,
    private columns: BoxColumns | undefined,
  ) {
    if (columns === undefined) this.byId = anns
  }

  /** Boxes that nobody has seen as annotations yet. */
  get boxes(): BoxColumns | undefined {
    return this.columns
  }

  get dataset(): Dataset {
    if (this.columns) {
      this.held.annotations = annotationsOf(this.columns)
      this.columns = undefined
    }
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
