/** Annotations whose categories are called as those of a detector, but may have other ids or another order. */
import type { Category, Dataset } from '#coco-ts'
import { DatasetError } from '../files/errors.js'
import { count } from '../files/left-out.js'
import { listCategories } from './annotation-notes.js'

export interface AlignOptions {
  /** Where the annotations come from, for messages. */
  from: string
  /** What becomes of objects of other categories: the data set is refused, or they are left out. */
  others: 'refuse' | 'leave out'
}

/**
 * Gives a data set exactly the categories `known`, with their ids and in their order. Categories are matched by name,
 * and by id among several of one name.
 *
 * @throws DatasetError when no category is known, or objects are of others and may not be left out
 */
export function alignCategories(
  dataset: Dataset,
  known: readonly Category[],
  { from, others }: AlignOptions,
): Dataset {
  const idOf = new Map<number, number>()
  for (const { id, name } of dataset.categories) {
    const named = known.filter((category) => normal(category.name) === normal(name))
    const match = named.find((category) => category.id === id) ?? named[0]
    if (match !== undefined) idOf.set(id, match.id)
  }
  if (idOf.size === 0)
    throw new DatasetError(
      `"${from}" has none of the ${count(known.length, 'category', 'categories')} ${listCategories(known)}; ` +
        'name annotations of the same classes.',
    )
  const used = new Set(dataset.annotations.map(({ category_id }) => category_id))
  const unknown = dataset.categories.filter(({ id }) => used.has(id) && !idOf.has(id))
  if (others === 'refuse' && unknown.length > 0)
    throw new DatasetError(
      `"${from}" has objects of ${count(unknown.length, 'category', 'categories')} that ${unknown.length === 1 ? 'is' : 'are'} unknown: ` +
        `${listCategories(unknown)}; known ${known.length === 1 ? 'is' : 'are'} ${listCategories(known)}. Give the same class the same ` +
        'name, or leave other classes out with --categories.',
    )
  return {
    ...dataset,
    categories: known.map((category) => ({ ...category })),
    annotations: dataset.annotations.flatMap((annotation) => {
      const id = idOf.get(annotation.category_id)
      return id === undefined ? [] : [{ ...annotation, category_id: id }]
    }),
  }
}

const normal = (name: string): string => name.normalize().trim()
