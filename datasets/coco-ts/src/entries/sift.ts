/** Sorts the entries of files: those that can be used are indexed, what is wrong with the others is counted. */
import { addCompletions, type CompletionLog, createCompletionLog } from '../common/completions.js'
import { addProblem, createProblemLog, type ProblemLog } from '../common/problems.js'
import type { Annotation, Category, CocoImage, Dataset, Detection } from '../common/types.js'
import { isObject, show } from '../common/values.js'
import { Edits } from './edits.js'
import { ambiguousIds, freeIds, readId } from './ids.js'
import { type References, readAnnotation, readCategory, readImage } from './read-entry.js'
import { readResult } from './read-result.js'
import { type ResultForm, resultForm } from './results-form.js'
import { type AnnotationSource, areUsable } from './sift-rows.js'
import { type Fault, isCaption, NOT_AN_OBJECT } from './validate.js'

/** Problems and completions found in a file. */
export interface Found {
  problems: ProblemLog
  completed: CompletionLog
}

/** Indexes that a checked data set is used through. */
export interface Index extends References {
  anns: Map<number, Annotation>
  cats: Map<number, Category>
  imgs: Map<number, CocoImage>
  refused: { images: Set<number>; categories: Set<number> }
}

interface Section<T> {
  name: string
  entries: readonly unknown[]
  read(edits: Edits): Fault
  keep?(entry: T): void
  refuse?(entry: unknown): void
}

const isExact = (id: unknown): id is number => Number.isSafeInteger(id)

/** The entries without a fault, completed: in place where they are the reader's `own`, else as copies. */
function sift<T>(
  { name: section, entries, read, keep, refuse }: Section<T>,
  { problems, completed }: Found,
  own: boolean,
): T[] {
  // The list itself as long as nothing differs from it.
  let good: unknown[] | undefined
  entries.forEach((entry, index) => {
    const edits = isObject(entry) ? new Edits(entry) : undefined
    const fault = edits ? read(edits) : NOT_AN_OBJECT
    if (fault) {
      good ??= entries.slice(0, index)
      const id = isObject(entry) ? entry.id : undefined
      addProblem(problems, { ...fault, section, index, ...(isExact(id) && { id }) })
      refuse?.(entry)
      return
    }
    const usable = edits!.take(own)
    if (usable !== entry) good ??= entries.slice(0, index)
    good?.push(usable)
    if (edits!.made.length > 0) {
      const { id } = usable
      addCompletions(completed, { section, index, ...(isExact(id) && { id }) }, edits!.made)
    }
    keep?.(usable as T)
  })
  return (good ?? entries) as T[]
}

/** The section of a file as a list; anything else there, or nothing, is counted as a problem. */
function sectionOf(dataset: Partial<Dataset>, section: string, log: ProblemLog): unknown[] {
  const value = dataset[section]
  if (Array.isArray(value)) return value
  const message =
    value === undefined
      ? `the key "${section}" is missing`
      : `"${section}" is ${show(value)}, but must be a list`
  addProblem(log, { kind: 'missing-key', section, index: -1, message })
  return []
}

/** Remembers the id of an entry that cannot be used, to distinguish it from one that is not there. */
const rememberIn =
  (ids: Set<number>) =>
  (entry: unknown): void => {
    const id = isObject(entry) ? readId(entry.id) : undefined
    if (id !== undefined) ids.add(id)
  }

/** A data set that was sifted. */
export interface SiftedDataset {
  /** Without the annotations, where those are `rows`. */
  dataset: Dataset
  index: Index
  found: Found
  /** All annotations, valid as they are. */
  rows?: AnnotationSource
}

/**
 * Sifts all sections of an annotation file. `own`: its entries may be changed, since no caller holds them. `source` has the
 * annotations where `raw` has none.
 */
export function siftDataset(raw: Partial<Dataset>, own: boolean, source?: AnnotationSource): SiftedDataset {
  const found: Found = { problems: createProblemLog(), completed: createCompletionLog() }
  const { problems } = found
  const index: Index = {
    ...{ anns: new Map(), cats: new Map(), imgs: new Map() },
    refused: { images: new Set(), categories: new Set() },
  }
  const rawImages = sectionOf(raw, 'images', problems)
  const imageIds = { seen: index.imgs, ambiguous: ambiguousIds(rawImages, 'file_name') }
  const images = sift<CocoImage>(
    {
      name: 'images',
      entries: rawImages,
      read: (edits) => readImage(edits, imageIds),
      keep: (image) => index.imgs.set(image.id, image),
      refuse: rememberIn(index.refused.images),
    },
    found,
    own,
  )
  let rawAnnotations = sectionOf(raw, 'annotations', problems)
  const first = source && source.count > 0 ? source.entry(0) : rawAnnotations[0]
  // Captions have no categories, and their files no such section.
  const captions = raw.categories === undefined && isObject(first) && isCaption(first)
  const rawCategories = captions ? [] : sectionOf(raw, 'categories', problems)
  const categoryIds = { seen: index.cats, ambiguous: ambiguousIds(rawCategories, 'name') }
  const categories = sift<Category>(
    {
      name: 'categories',
      entries: rawCategories,
      read: (edits) => readCategory(edits, categoryIds),
      keep: (category) => index.cats.set(category.id, category),
      refuse: rememberIn(index.refused.categories),
    },
    found,
    own,
  )
  if (source && areUsable(source, index))
    return { dataset: { ...raw, images, annotations: [], categories }, index, found, rows: source }
  if (source) rawAnnotations = source.entries()
  const freeId = freeIds(rawAnnotations)
  const annotations = sift<Annotation>(
    {
      name: 'annotations',
      entries: rawAnnotations,
      read: (edits) => readAnnotation(edits, index.anns, index, freeId),
      keep: (annotation) => index.anns.set(annotation.id, annotation),
    },
    found,
    own,
  )
  return { dataset: { ...raw, images, annotations, categories }, index, found }
}

/**
 * Sifts a detector's results. Which form they have is decided by the first of them that has one. `own` as for
 * {@link siftDataset}.
 */
export function siftResults(
  entries: readonly unknown[],
  known: References,
  own: boolean,
): { results: Detection[]; form: ResultForm | undefined; found: Found } {
  const found: Found = { problems: createProblemLog(), completed: createCompletionLog() }
  let form: ResultForm | undefined
  for (let i = 0; i < entries.length && form === undefined; i++) form = resultForm(entries[i])
  const read = (edits: Edits): Fault => readResult(edits, known, form)
  return { results: sift<Detection>({ name: 'results', entries, read }, found, own), form, found }
}
