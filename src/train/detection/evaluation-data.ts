/** The images that a detector is measured on. */
import { type CocoSet, loadCocoSet } from '../../../datasets/detection/coco-set.js'
import { loadScenes } from '../../../datasets/detection/scenes.js'
import { UserError } from '../../errors.js'
import type { AnnotatedImages, Category, DetectionDataConfig } from './config.js'

export type EvaluationSource =
  | ({ kind: 'coco'; limit: number | null } & AnnotatedImages)
  /** Scenes of the artists and grounds that training never sees. */
  | { kind: 'embedded'; count: number; size: number; seed: number }

/** The validation images of a run; null where it has none. */
export function validationOf(data: DetectionDataConfig): EvaluationSource | null {
  if (data.kind === 'coco')
    return data.validation && { kind: 'coco', ...data.validation, limit: data.validationLimit }
  const { validation: count, size, seed } = data
  return count === 0 ? null : { kind: 'embedded', count, size, seed }
}

/**
 * Loads images whose classes are `categories`, in that order: those that a detector tells apart.
 *
 * @throws DatasetError or UserError when they are missing, damaged, or have other classes
 */
export async function loadEvaluationSet(
  source: EvaluationSource,
  categories: readonly Category[],
): Promise<CocoSet> {
  if (source.kind === 'coco') {
    const { images, annotations, limit } = source
    return loadCocoSet({ images, annotations, limit: limit ?? undefined, categories })
  }
  const { count, size, seed } = source
  const set = await loadScenes({ part: 'test', count, size, seed })
  const namesOf = (list: readonly Category[]) => list.map(({ name }) => name).join(', ')
  if (JSON.stringify(set.categories) !== JSON.stringify(categories.map(({ id, name }) => ({ id, name }))))
    throw new UserError(
      `The embedded scenes show ${namesOf(set.categories)}, but the detector knows ${namesOf(categories)}; name images of its own classes with --data and --annotations`,
    )
  return { set, warnings: [] }
}
