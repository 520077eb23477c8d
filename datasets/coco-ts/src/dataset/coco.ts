import type { AnnotationColumns } from '../common/annotation-columns.js'
import type { BoxColumns } from '../common/box-columns.js'
import { type CompletionLog, createCompletionLog } from '../common/completions.js'
import { CocoError, createProblemLog, type ProblemLog, throwProblems } from '../common/problems.js'
import type {
  Annotation,
  Category,
  CocoImage,
  CompressedRle,
  Dataset,
  Detection,
  Mask,
  Segmentation,
} from '../common/types.js'
import type { References } from '../entries/read-entry.js'
import { type Index, type SiftedDataset, siftDataset, siftResults } from '../entries/sift.js'
import { decode } from '../masks/mask.js'
import { type CloneableMask, packedPolygons, pageOf } from '../masks/packed-polygons.js'
import { boxPolygon } from '../masks/polygons.js'
import type { Runs } from '../masks/rle.js'
import { fromRuns, runsOf } from '../masks/segmentation.js'
import { completeResults } from './complete-results.js'
import { Contents } from './contents.js'
import { type ByteStream, readDataset, readDetections, sourceName } from './read.js'

export interface LoadOptions {
  /**
   * Leave out entries that are wrong (and count them in `problems`) instead of throwing at the first. A file that
   * is not whole JSON is an error either way.
   */
  lenient?: boolean
  /** What error messages call the input; by default the path, or "the input". */
  name?: string
}

/** What filters and look-ups take: one value, or a list. */
export type OneOrMore<T> = T | readonly T[]

function toSet<T>(filter: OneOrMore<T> | undefined): Set<T> | undefined {
  if (filter === undefined) return undefined
  const list = Array.isArray(filter) ? (filter as readonly T[]) : [filter as T]
  return list.length === 0 ? undefined : new Set(list)
}

const EMPTY: Dataset = { images: [], annotations: [], categories: [] }

/** Annotations of a data set, or results of a detector on it, with their indexes. */
export class COCO {
  /** Categories and images by their ids. */
  readonly cats: ReadonlyMap<number, Category>
  readonly imgs: ReadonlyMap<number, CocoImage>
  /** What was left out when reading leniently. */
  readonly problems: ProblemLog
  /** What was missing or written in an unusual form, and was computed, converted or done without. */
  readonly completed: CompletionLog
  /** Whether this came from `loadRes`. */
  readonly isResults: boolean
  /** What results may refer to. */
  private readonly references: References
  private readonly contents: Contents

  /**
   * Indexes a data set that is already in memory; `COCO.load` reads files. The entries are used as they are, not copied,
   * but for those that had to be completed.
   * @throws CocoError naming the first entry that is wrong, unless `lenient`
   */
  constructor(dataset?: Partial<Dataset>, options?: LoadOptions)
  /** @internal `load` and `loadRes` hand over what they have checked. */
  constructor(dataset: Partial<Dataset>, options: LoadOptions, read: Read)
  constructor(dataset: Partial<Dataset> = EMPTY, options: LoadOptions = {}, read?: Read) {
    const { index, found, ...sifted } = read ?? siftDataset(dataset, false)
    if (!options.lenient) throwProblems(found.problems, options.name ?? 'the data set')
    this.contents = new Contents(sifted.dataset, index.anns, { boxes: read?.boxes, rows: sifted.rows })
    this.problems = found.problems
    this.completed = found.completed
    this.isResults = read?.isResults ?? false
    this.references = index
    this.cats = index.cats
    this.imgs = index.imgs
  }

  get dataset(): Dataset {
    return this.contents.dataset
  }

  /** Annotations by their ids. */
  get anns(): ReadonlyMap<number, Annotation> {
    return this.contents.anns
  }

  get imgToAnns(): ReadonlyMap<number, Annotation[]> {
    return this.contents.imgToAnns
  }

  /** For each category, the image of each of its annotations. */
  get catToImgs(): ReadonlyMap<number, number[]> {
    return this.contents.catToImgs
  }

  /** @internal Results that are boxes, as long as nobody has looked at them as annotations, which could be changed. */
  get boxColumns(): BoxColumns | undefined {
    return this.contents.boxes
  }

  /** @internal Annotations of a file, as long as nobody has looked at them as objects, which could be changed. */
  get annotationColumns(): AnnotationColumns | undefined {
    return this.contents.columns
  }

  /**
   * Reads an annotation file (`.gz` is unpacked), a stream of its bytes, or an object. Files are read piece by
   * piece, so that the text never lies in memory.
   * @throws CocoError that names the file, and the entry, that is wrong
   */
  static async load(
    source: string | ByteStream | Partial<Dataset>,
    options: LoadOptions = {},
  ): Promise<COCO> {
    const named = { name: sourceName(source), ...options }
    if (!isReadable(source)) return new COCO(source, named)
    const { dataset, rows } = await readDataset(source)
    return new COCO(EMPTY, named, siftDataset(dataset, true, rows))
  }

  /**
   * Ids of the annotations that pass all filters given. An empty list filters nothing. `areaRng` excludes both its
   * ends, as pycocotools does.
   */
  getAnnIds(
    filter: {
      imgIds?: OneOrMore<number>
      catIds?: OneOrMore<number>
      areaRng?: readonly [number, number] | readonly []
      iscrowd?: boolean | 0 | 1
    } = {},
  ): number[] {
    const images = toSet(filter.imgIds)
    const cats = toSet(filter.catIds)
    const [low, high] = filter.areaRng ?? []
    const crowd = filter.iscrowd === undefined ? undefined : Boolean(filter.iscrowd)
    let anns: readonly Annotation[] = this.dataset.annotations
    if (images) {
      const ids = Array.isArray(filter.imgIds) ? (filter.imgIds as number[]) : [filter.imgIds as number]
      anns = ids.flatMap((id) => this.imgToAnns.get(id) ?? [])
    }
    const ids: number[] = []
    for (const ann of anns) {
      if (cats && !cats.has(ann.category_id)) continue
      if (low !== undefined && high !== undefined && !(ann.area > low && ann.area < high)) continue
      if (crowd !== undefined && Boolean(ann.iscrowd) !== crowd) continue
      ids.push(ann.id)
    }
    return ids
  }

  /** Ids of the categories that pass all filters given. */
  getCatIds(
    filter: { catNms?: OneOrMore<string>; supNms?: OneOrMore<string>; catIds?: OneOrMore<number> } = {},
  ): number[] {
    const names = toSet(filter.catNms)
    const supers = toSet(filter.supNms)
    const wanted = toSet(filter.catIds)
    return this.contents.rest.categories
      .filter((cat) => !names || names.has(cat.name))
      .filter((cat) => !supers || (cat.supercategory !== undefined && supers.has(cat.supercategory)))
      .filter((cat) => !wanted || wanted.has(cat.id))
      .map((cat) => cat.id)
  }

  /** Ids of the images that show all categories given, out of `imgIds` where that is given. */
  getImgIds(filter: { imgIds?: OneOrMore<number>; catIds?: OneOrMore<number> } = {}): number[] {
    const images = toSet(filter.imgIds)
    const cats = toSet(filter.catIds)
    let ids = [...(images ?? this.imgs.keys())]
    for (const cat of cats ?? []) {
      const showing = new Set(this.catToImgs.get(cat))
      ids = ids.filter((id) => showing.has(id))
    }
    return ids
  }

  /** @throws CocoError for an id that is not there */
  loadAnns(ids: OneOrMore<number> = []): Annotation[] {
    return lookUp(this.anns, ids, 'annotation')
  }

  loadCats(ids: OneOrMore<number> = []): Category[] {
    return lookUp(this.cats, ids, 'category')
  }

  loadImgs(ids: OneOrMore<number> = []): CocoImage[] {
    return lookUp(this.imgs, ids, 'image')
  }

  /**
   * A detector's results as a COCO of their own, with ids from 1, areas, and boxes where they can be derived: from
   * a results file (`.gz` is unpacked), a stream of its bytes, or a list, whose entries are copied. The first entry
   * decides, as in pycocotools, whether areas come from boxes, masks or keypoints. What that does not need, such as the
   * mask of a box, costs nothing but itself where it cannot be used.
   * @throws CocoError that names the first result that is wrong, and counts them
   */
  async loadRes(
    source: string | ByteStream | readonly Detection[],
    options: LoadOptions = {},
  ): Promise<COCO> {
    const { info, images, categories } = this.contents.rest
    const copy = Array.isArray(source)
    const raw = copy
      ? (source as readonly Detection[])
      : await readDetections(source as string | ByteStream, this.references)
    if ('boxes' in raw) {
      const dataset = { info, images, categories, annotations: [] }
      const index = { ...this.references, anns: new Map() } as Index
      const found = { problems: createProblemLog(), completed: createCompletionLog() }
      return new COCO(EMPTY, options, { dataset, index, found, boxes: raw, isResults: true })
    }
    const { results, form, found } = siftResults(raw, this.references, !copy)
    if (!options.lenient) throwProblems(found.problems, options.name ?? sourceName(source))
    const annotations = results.map((one) => (copy ? { ...one } : one) as unknown as Annotation)
    completeResults(annotations, form, (ann) => this.annToRuns(ann))
    const index = { ...this.references, anns: new Map(annotations.map((ann) => [ann.id, ann])) } as Index
    const dataset = { info, images, categories, annotations }
    return new COCO(EMPTY, { lenient: true }, { dataset, index, found, isResults: true })
  }

  /** How the annotation's mask is written down. */
  maskForm(ann: Annotation): 'polygons' | 'rle' | 'none' {
    if (packedPolygons(ann)) return 'polygons'
    if (ann.segmentation === undefined || ann.segmentation === null) return 'none'
    return Array.isArray(ann.segmentation) ? 'polygons' : 'rle'
  }

  /** The annotation's mask: polygons are drawn and joined, uncompressed counts compressed. */
  annToRLE(ann: Annotation): CompressedRle {
    return fromRuns(this.annToRuns(ann))
  }

  annToMask(ann: Annotation): Mask {
    return decode(this.annToRLE(ann))
  }

  /** As `annToRLE`, as typed runs. A result without a mask has that of its box. */
  annToRuns(ann: Annotation): Runs {
    const { height, width } = this.imageOf(ann)
    if (packedPolygons(ann)) return runsOf(ann, height, width)
    let segmentation: Segmentation | null | undefined = ann.segmentation
    if (this.hasBoxMask(ann)) segmentation = [boxPolygon(ann.bbox)]
    if (segmentation === undefined || segmentation === null) {
      throw new CocoError(`Annotation ${ann.id} has no "segmentation", so it has no mask.`)
    }
    return runsOf({ segmentation }, height, width)
  }

  /** Whether the annotation's mask is that of its box: so it is with results of boxes, as in pycocotools. */
  hasBoxMask(ann: Annotation): boolean {
    return this.isResults && !packedPolygons(ann) && ann.segmentation === undefined && Boolean(ann.bbox)
  }

  /** @internal The annotation's mask as plain data, which another thread can draw. */
  cloneableMask(ann: Annotation): CloneableMask {
    const { height, width } = this.imageOf(ann)
    const packed = packedPolygons(ann)
    if (packed) return { height, width, page: pageOf(packed) }
    const segmentation = this.hasBoxMask(ann) ? [boxPolygon(ann.bbox)] : ann.segmentation!
    return { height, width, segmentation }
  }

  private imageOf(ann: Annotation): CocoImage {
    const image = this.imgs.get(ann.image_id)
    if (!image)
      throw new CocoError(`Annotation ${ann.id}: image_id ${ann.image_id} is not the id of an image.`)
    return image
  }
}

/** A data set, or results, that were read and sifted. */
interface Read extends SiftedDataset {
  /** Results that are boxes, instead of the data set's annotations. */
  boxes?: BoxColumns
  isResults?: boolean
}

function isReadable(source: unknown): source is string | ByteStream {
  return typeof source === 'string' || Symbol.asyncIterator in Object(source)
}

function lookUp<T>(entries: ReadonlyMap<number, T>, ids: OneOrMore<number>, what: string): T[] {
  const list = Array.isArray(ids) ? (ids as number[]) : [ids as number]
  return list.map((id) => {
    const entry = entries.get(id)
    if (entry === undefined) throw new CocoError(`There is no ${what} with the id ${id}.`)
    return entry
  })
}
