/** The images that a detector is measured on. */
import { type CocoSet, loadCocoSet } from '../../../datasets/detection/coco-set.js'
import { loadScenes, sceneCategories } from '../../../datasets/detection/scenes.js'
import { UserError } from '../../shared/errors.js'
import { changedNote } from '../images/data-place.js'
import type { AnnotatedImages, Category, DetectionDataConfig } from './config.js'
import { changeOf } from './data-place.js'

export type EvaluationSource =
  | ({ kind: 'coco'; limit: number | null } & AnnotatedImages)
  /** Scenes with artists and backgrounds that are not in the training scenes. */
  | { kind: 'embedded'; count: number; size: number; seed: number }

/** The validation images of a run; null when it has none. */
export function validationOf(data: DetectionDataConfig): EvaluationSource | null {
  if (data.kind === 'coco')
    return data.validation && { kind: 'coco', ...data.validation, limit: data.validationLimit }
  const { validation: count, size, seed } = data
  return count === 0 ? null : { kind: 'embedded', count, size, seed }
}

/**
 * Loads images whose classes are `categories`, in that order: the classes of a detector.
 *
 * @throws DatasetError or UserError when they are missing, damaged, or have other classes
 */
export async function loadEvaluationSet(
  source: EvaluationSource,
  categories: readonly Category[],
): Promise<CocoSet> {
  if (source.kind === 'coco') {
    const { images, annotations, limit } = source
    const { set, warnings } = await loadCocoSet({
      ...{ images, annotations, limit: limit ?? undefined, categories },
    })
    const change = changeOf(source, set.fingerprint)
    if (change !== null) warnings.push(changedNote(`${images} with ${annotations}`, change))
    return { set, warnings }
  }
  const { count, size, seed } = source
  if (JSON.stringify(sceneCategories) !== JSON.stringify(categories.map(({ id, name }) => ({ id, name }))))
    throw new UserError(
      `The embedded scenes show ${firstNames(sceneCategories)}, but the detector knows ${firstNames(categories)}; name images of its own classes with --data and --annotations`,
    )
  return { set: await loadScenes({ part: 'test', count, size, seed }), warnings: [] }
}

const SHOWN = 3

/** For example `mammal, bird, sea animal and 7 more`. */
function firstNames(categories: readonly Category[]): string {
  const more = categories.length - SHOWN
  const names = categories.slice(0, SHOWN).map(({ name }) => name)
  return `${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}
