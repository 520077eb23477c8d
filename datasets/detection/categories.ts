/** The classes of a detection set: those of its annotations, or those that a detector knows. */
import type { COCO } from '#coco-ts'
import { DatasetError } from '../files/errors.js'
import { listCategories, unusedRoots } from './annotation-notes.js'
import type { DetectionSet } from './detection-set.js'

type Categories = DetectionSet['categories']

/**
 * The classes of the annotations read from `file`, by ascending id; without categories that are only the roots of
 * others, which `warnings` reports. With `wanted`, those, in that order.
 *
 * @throws DatasetError when there are none, or others than `wanted`
 */
export function chooseCategories(
  coco: COCO,
  file: string,
  wanted: readonly Categories[number][] | undefined,
  warnings: string[],
): Categories {
  const roots = unusedRoots(coco)
  const found = coco.dataset.categories
    .filter((category) => !roots.includes(category))
    .map(({ id, name }) => ({ id, name }))
    .sort((a, b) => a.id - b.id)
  if (wanted === undefined) {
    if (found.length === 0)
      throw new DatasetError(
        `"${file}" has no categories; it must be a COCO file of objects, such as instances_train2017.json.`,
      )
    if (roots.length > 0)
      warnings.push(
        `${roots.length === 1 ? 'A category' : `${roots.length} categories`} of "${file}" ` +
          `${roots.length === 1 ? 'is' : 'are'} not ${roots.length === 1 ? 'a class' : 'classes'} to learn: without an object, and only the ` +
          `supercategory of others: ${listCategories(roots)}.`,
      )
    return found
  }
  const lacking = wanted.filter(({ id, name }) => coco.cats.get(id)?.name !== name)
  const known = new Map(wanted.map(({ id, name }) => [id, name]))
  const unknown = found.filter(({ id, name }) => known.get(id) !== name)
  if (lacking.length + unknown.length === 0) return wanted.map(({ id, name }) => ({ id, name }))
  const differences = [
    ...(lacking.length > 0 ? [`it lacks ${lacking.length}, such as ${listCategories(lacking)}`] : []),
    ...(unknown.length > 0
      ? [`it has ${unknown.length} that are unknown, such as ${listCategories(unknown)}`]
      : []),
  ]
  throw new DatasetError(
    `The categories of "${file}" are not the ${wanted.length} that are needed: ${differences.join('; ')}. ` +
      'Use annotations with the same ids and names.',
  )
}
