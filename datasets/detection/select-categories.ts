/** A choice of categories of COCO annotations, as `--categories person,dog` names them. */
import type { Category, Dataset } from '#coco-ts'
import { DatasetError } from '../files/errors.js'
import { count } from '../files/left-out.js'
import { sameNames, shortName } from './annotation-notes.js'

export interface Selection {
  /** All images, and the chosen categories with their objects; ids are as before. */
  dataset: Dataset
  /** What the user should know, in a sentence each. */
  notes: string[]
}

/**
 * Keeps the categories of the given names, in the order of the annotations. A name counts as it is written, or else in
 * another case where a single category has it so.
 *
 * @throws DatasetError for a name that no category has, or several have
 */
export function selectCategories(dataset: Dataset, names: readonly string[]): Selection {
  const wanted = [...new Set(names.map((name) => name.trim()).filter((name) => name !== ''))]
  if (wanted.length === 0)
    throw new DatasetError('No category is chosen; name some, for example --categories person,dog.')
  const notes: string[] = []
  const chosen = new Map(wanted.map((name) => [categoryNamed(name, dataset.categories, notes).id, name]))
  const categories = dataset.categories.filter(({ id }) => chosen.has(id))
  for (const category of categories) notes.push(...likeNamed(category, dataset.categories))
  const annotations = dataset.annotations.filter(({ category_id }) => chosen.has(category_id))
  const showing = new Set(annotations.map(({ image_id }) => image_id))
  const without = dataset.images.filter(({ id }) => !showing.has(id)).length
  if (without > 0)
    notes.push(
      `${count(without, 'image')} of ${dataset.images.length} ${without === 1 ? 'has' : 'have'} no object of the ` +
        `chosen ${categories.length === 1 ? 'category' : 'categories'} and ${without === 1 ? 'stays as an image' : 'stay as images'} without objects.`,
    )
  return { dataset: { ...dataset, categories, annotations }, notes }
}

const same = (a: string, b: string): boolean => a.normalize().trim() === b.normalize().trim()
const alike = (a: string, b: string): boolean => same(a.toLowerCase(), b.toLowerCase())

function categoryNamed(name: string, categories: readonly Category[], notes: string[]): Category {
  const exact = categories.filter((category) => same(category.name, name))
  if (exact.length === 1) return exact[0]
  const [double] = sameNames(exact)
  if (double !== undefined)
    throw new DatasetError(
      `${double.length} categories are called "${name}" (ids ${double.map(({ id }) => id).join(', ')}); ` +
        'give them different names, or make one of them.',
    )
  const folded = categories.filter((category) => alike(category.name, name))
  if (folded.length === 1) {
    notes.push(`"${name}" is taken for the category "${folded[0].name}".`)
    return folded[0]
  }
  if (folded.length > 1)
    throw new DatasetError(
      `"${name}" may be ${folded.map((category) => `"${category.name}"`).join(' or ')}; write the one that is meant.`,
    )
  throw new DatasetError(`There is no category "${name}"; ${suggestion(name, categories)}.`)
}

/** A note on a category whose name another one has in another case. */
function likeNamed(category: Category, categories: readonly Category[]): string[] {
  const others = categories.filter(({ id, name }) => id !== category.id && alike(name, category.name))
  return others.length === 0
    ? []
    : [
        `"${category.name}" is chosen, but ${others.map(({ name }) => `"${name}"`).join(' and ')} ` +
          `${others.length === 1 ? 'is' : 'are'} not, which differ in case alone.`,
      ]
}

const SHOWN = 5

/** The names that are nearest to a wrong one, or else the first. */
function suggestion(name: string, categories: readonly Category[]): string {
  const near = categories
    .map((category) => ({
      name: category.name,
      edits: editDistance(name.toLowerCase(), category.name.toLowerCase()),
    }))
    .filter(({ name: other, edits }) => edits <= Math.max(1, Math.min(name.length, other.length) / 3))
    .sort((a, b) => a.edits - b.edits)
    .slice(0, SHOWN)
  const list = (names: readonly { name: string }[]): string =>
    names.map((one) => `"${shortName(one.name)}"`).join(', ')
  if (near.length > 0) return `names that are near: ${list(near)}`
  return `there ${categories.length === 1 ? 'is' : 'are'} ${list(categories.slice(0, SHOWN))}${
    categories.length > SHOWN ? `, … (${categories.length} in all)` : ''
  }`
}

/** Letters to insert, delete or replace (Levenshtein). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)))
    row = next
  }
  return row[b.length]
}
